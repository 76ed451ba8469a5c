//! Deletes objects, and waits until they are gone.

use k8s_openapi::api::core::v1::Namespace;
use kompox_domain::{Argument, Context, Error, ErrorKind, Hint, Result};
use kube::api::DynamicObject;

use super::patience::Patience;
use super::settle::settled_deletion;
use crate::client::{KubeClient, KubeError};
use crate::object::{ObjectId, is_leaving};

/// Deletes an object that was read, and waits until it is gone. One that is gone, or that is another one by now, is
/// left alone.
pub(crate) async fn delete(
    client: &KubeClient,
    cx: &Context,
    id: &ObjectId,
    live: &DynamicObject,
) -> Result<()> {
    if !is_leaving(live) {
        let Some(uid) = live.metadata.uid.as_deref() else {
            // Without it somebody else's object of the same name might go.
            let message = format!("{id} has no uid to delete it by");
            return Err(Error::new(ErrorKind::Unavailable, message).with_hint("run it again"));
        };
        let step = cx.begin(format!("delete {id}"));
        let deleted = client.delete(cx, id, uid).await;
        let deleted = settled_deletion(client, cx, id, uid, deleted).await;
        let context = |error: KubeError| Error::from(error).context(format!("{id} cannot be deleted"));
        step.end(deleted.map_err(context))?;
    }
    wait_until_gone(client, cx, id, Some(live)).await
}

/// Waits until an object that is being deleted is gone, or until there is another one in its place.
pub(crate) async fn wait_until_gone(
    client: &KubeClient,
    cx: &Context,
    id: &ObjectId,
    live: Option<&DynamicObject>,
) -> Result<()> {
    let uid = live.map(|live| live.metadata.uid.clone());
    let mut patience = Patience::of(client, cx);
    let mut step = None;
    loop {
        let there = match client.read(cx, id).await {
            Ok(there) => {
                patience.heard();
                there
            }
            Err(error) if error.is_transient() => {
                if patience.is_lost() || !patience.pause().await {
                    return Err(Error::from(error).context(format!("{id} is perhaps still being deleted")));
                }
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        let there = there.filter(|there| uid.as_ref().is_none_or(|uid| *uid == there.metadata.uid));
        let Some(there) = there else {
            return step.map_or(Ok(()), |step: kompox_domain::context::Step| step.end(Ok(())));
        };
        let step = step.get_or_insert_with(|| cx.begin(format!("wait until {id} is gone")));
        let waits = waits_for(&there);
        step.state(waits.clone(), None);
        if !patience.pause().await {
            let error = Error::new(
                ErrorKind::Timeout,
                format!("{id} is still being deleted: {waits}"),
            );
            return Err(error.with_hint(Hint::argument(
                "run it again and give it more time",
                Argument::Timeout,
            )));
        }
    }
}

/// What keeps an object from being gone.
fn waits_for(object: &DynamicObject) -> String {
    // A namespace tells in sentences what is left in it; what is fine is told, too.
    let namespace = object.clone().try_parse::<Namespace>().ok();
    let conditions = namespace.and_then(|namespace| namespace.status?.conditions);
    let conditions: Vec<String> = conditions
        .into_iter()
        .flatten()
        .filter(|condition| condition.status == "True")
        .filter_map(|condition| condition.message)
        .collect();
    let finalizers = object.metadata.finalizers.as_deref().unwrap_or_default();
    match (conditions.is_empty(), finalizers.is_empty()) {
        (false, _) => conditions.join(" "),
        (true, false) => format!("it waits for {}", finalizers.join(", ")),
        (true, true) => "it waits for what is in it".to_owned(),
    }
}
