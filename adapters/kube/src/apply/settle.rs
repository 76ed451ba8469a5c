//! Whether what was applied or deleted took effect although the answer was lost: reading the object tells.

use kompox_domain::Context;
use kompox_domain::progress::WarningKind;
use kube::api::DynamicObject;

use super::diff::first_difference;
use crate::client::{KubeClient, KubeError, Trouble};
use crate::object::{Desired, ObjectId, is_leaving, value};

/// What came of applying an object. Where it is not known, the object is read: if it holds everything that was applied,
/// it was.
pub(crate) async fn settled(
    client: &KubeClient,
    cx: &Context,
    wanted: &Desired,
    applied: Result<DynamicObject, KubeError>,
) -> Result<DynamicObject, KubeError> {
    let error = match applied {
        Err(error) if error.may_have_taken_effect() => error,
        answer => return answer,
    };
    match client.read(cx, wanted.id()).await {
        Ok(Some(live)) if first_difference(wanted.value(), &value(&live)).is_none() && !is_leaving(&live) => {
            warn(cx, &format!("applying {}", wanted.id()));
            Ok(live)
        }
        _ => Err(error),
    }
}

/// What came of deleting the object of this uid. Gone, going, or another one in its place: it was deleted. That there is
/// none of this uid is what a refusal may say too, and is believed once reading shows it: what stays where it is would be
/// waited for in vain.
pub(crate) async fn settled_deletion(
    client: &KubeClient,
    cx: &Context,
    id: &ObjectId,
    uid: &str,
    deleted: Result<(), KubeError>,
) -> Result<(), KubeError> {
    let Err(error) = deleted else {
        return Ok(());
    };
    let lost = error.may_have_taken_effect();
    if !lost && !matches!(error.trouble(), Trouble::NotFound | Trouble::Conflict) {
        return Err(error);
    }
    match client.read(cx, id).await {
        Ok(Some(live)) if live.metadata.uid.as_deref() == Some(uid) && !is_leaving(&live) => {
            let belied = !lost && error.trouble() == Trouble::NotFound;
            let strange = || {
                client
                    .strange("it answers that there is nothing to delete, and reading shows that it is there")
            };
            return Err(if belied { strange() } else { error });
        }
        Ok(_) => {}
        Err(_) if lost => return Err(error),
        Err(unknown) => return Err(unknown),
    }
    if lost {
        warn(cx, &format!("deleting {id}"));
    }
    Ok(())
}

fn warn(cx: &Context, what: &str) {
    cx.warn(
        WarningKind::AnswerLost,
        format!("the cluster's answer to {what} was lost; what is there now shows that it took effect"),
    );
}
