//! Whether what was applied or deleted took effect although the answer was lost: reading the object tells.

use kompox_domain::Context;
use kompox_domain::progress::WarningKind;
use serde_json::Value;

use super::missing;
use crate::client::{KubeClient, KubeError};
use crate::object::{Desired, ObjectId, is_leaving};

/// What came of applying an object. Where it is not known, the object is read: if it holds everything that was applied,
/// it was.
pub(crate) async fn settled(
    client: &KubeClient,
    cx: &Context,
    wanted: &Desired,
    applied: Result<Value, KubeError>,
) -> Result<Value, KubeError> {
    let error = match applied {
        Err(error) if error.may_have_taken_effect() => error,
        answer => return answer,
    };
    match client.read(cx, wanted.id()).await {
        Ok(Some(live)) if missing(wanted.value(), &live).is_none() && !is_leaving(&live) => {
            warn(cx, &format!("applying {}", wanted.id()));
            Ok(live)
        }
        _ => Err(error),
    }
}

/// What came of deleting the object of this uid. Gone, going, or another one in its place: it was deleted.
pub(crate) async fn settled_deletion(
    client: &KubeClient,
    cx: &Context,
    id: &ObjectId,
    uid: &str,
    deleted: Result<(), KubeError>,
) -> Result<(), KubeError> {
    let error = match deleted {
        Err(error) if error.may_have_taken_effect() => error,
        answer => return answer,
    };
    let there = client.read(cx, id).await;
    let done = match &there {
        Ok(None) => true,
        Ok(Some(live)) => live["metadata"]["uid"] != uid || is_leaving(live),
        Err(_) => false,
    };
    if !done {
        return Err(error);
    }
    warn(cx, &format!("deleting {id}"));
    Ok(())
}

fn warn(cx: &Context, what: &str) {
    cx.warn(
        WarningKind::AnswerLost,
        format!("the cluster's answer to {what} was lost; what is there now shows that it took effect"),
    );
}
