//! Resource groups: looked at, and made where they are missing.

use std::collections::HashSet;

use azure_mgmt_resources::package_resources_2021_04::models::ResourceGroup;
use kompox_arm::{ArmError, ArmRequest, FinalState};
use kompox_domain::tags;
use serde::de::IgnoredAny;
use serde_json::json;
use tokio::sync::Mutex;

use crate::api::Group;
use crate::session::Session;

/// Whether the group exists. An answer that is no resource group does not say so.
pub(crate) async fn exists(session: Session<'_>, group: &Group) -> Result<bool, ArmError> {
    match session
        .arm
        .send(session.cx, &ArmRequest::get(group.url(session.arm)?))
        .await
    {
        Ok(answer) => answer.resource::<IgnoredAny>().map(|_| true),
        Err(error) if error.is_group_not_found() => Ok(false),
        Err(error) => Err(error),
    }
}

/// Makes groups, each once within this process: two creates that both saw no group do not both write it.
#[derive(Debug, Default)]
pub(crate) struct GroupMaker(Mutex<HashSet<String>>);

impl GroupMaker {
    /// Makes the group. Call it only when the group was seen to be absent: a PUT would replace tags that are not
    /// ours.
    pub(crate) async fn create(&self, session: Session<'_>, group: &Group) -> Result<(), ArmError> {
        let mut made = self.0.lock().await;
        let path = group.path().to_lowercase();
        // What was seen may be older than what was made here since.
        if made.contains(&path) && exists(session, group).await? {
            return Ok(());
        }
        let mut body = ResourceGroup::new(session.provider.location.clone());
        body.tags = Some(json!({ tags::MANAGED_BY: tags::MANAGED_BY_KOMPOX }));
        let request = ArmRequest::put(group.url(session.arm)?, &body)?.creating();
        let step = session.cx.begin(format!("create resource group {}", group.name));
        let result = session
            .arm
            .run(session.cx, &request, FinalState::Nothing, &step)
            .await;
        step.end(result)?;
        made.insert(path);
        Ok(())
    }
}
