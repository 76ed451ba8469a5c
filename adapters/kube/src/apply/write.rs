//! Applying one object.

use std::time::Duration;

use kompox_domain::{Context, Error, Result};
use kube::api::DynamicObject;

use super::classify::{ObservedObject, State};
use super::delete::wait_until_gone;
use super::settle::settled;
use crate::client::{KubeClient, KubeError, Trouble};
use crate::object::ObjectId;

/// How often an object is applied when somebody else writes it at the same time.
const ATTEMPTS: u32 = 5;

/// Applies an object where that would change something, or where all are applied.
pub(crate) async fn write(
    client: &KubeClient,
    cx: &Context,
    observed: &mut ObservedObject,
    force: bool,
) -> Result<()> {
    let wanted = match observed.state {
        State::Missing | State::Different(_) | State::Leaving => true,
        State::Same => force && !observed.written,
        State::Theirs(_) | State::Foreign(_) => false,
    };
    if !wanted {
        return Ok(());
    }
    let id = observed.wanted.id().clone();
    if observed.state == State::Leaving {
        wait_until_gone(client, cx, &id, observed.live.as_ref()).await?;
    }
    let step = cx.begin(format!("apply {id}"));
    let live = step.end(
        apply(client, cx, observed, force)
            .await
            .map_err(|error| explained(&id, error)),
    )?;
    observed.live = Some(live);
    observed.state = State::Same;
    observed.written = true;
    Ok(())
}

/// Whoever makes the same object at the same time makes it the same.
async fn apply(
    client: &KubeClient,
    cx: &Context,
    observed: &ObservedObject,
    force: bool,
) -> std::result::Result<DynamicObject, KubeError> {
    let mut attempt = 1;
    loop {
        let applied = client.apply(cx, &observed.wanted, force).await;
        match settled(client, cx, &observed.wanted, applied).await {
            Err(error)
                if attempt < ATTEMPTS
                    && matches!(error.trouble(), Trouble::AlreadyExists | Trouble::Conflict) =>
            {
                tokio::time::sleep(Duration::from_millis(100) * attempt).await;
                attempt += 1;
            }
            answer => return answer,
        }
    }
}

fn explained(id: &ObjectId, error: KubeError) -> Error {
    let unknown = error.trouble() == Trouble::NotFound && id.kind.group.ends_with("csi.x-k8s.io");
    let error = Error::from(error).context(format!("{id} cannot be applied"));
    if unknown {
        return error.with_hint(
            "certificates from vaults need the add-on azureKeyvaultSecretsProvider of the cluster, which brings that kind",
        );
    }
    error
}
