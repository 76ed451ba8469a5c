//! Applying one object.

use std::time::Duration;

use kompox_domain::{Context, Error, Result};

use super::{Seen, State, settled, wait_until_gone};
use crate::client::{KubeClient, KubeError, Trouble};
use crate::object::ObjectId;

/// How often an object is applied when somebody else writes it at the same time.
const ATTEMPTS: u32 = 5;

/// Applies an object where that would change something, or where all are applied.
pub(crate) async fn write(client: &KubeClient, cx: &Context, seen: &mut Seen, force: bool) -> Result<()> {
    let wanted = match seen.state {
        State::Missing | State::Different(_) | State::Leaving => true,
        State::Same => force && !seen.written,
        State::Theirs(_) | State::Foreign(_) => false,
    };
    if !wanted {
        return Ok(());
    }
    let id = seen.wanted.id().clone();
    if seen.state == State::Leaving {
        wait_until_gone(client, cx, &id, seen.live.as_ref()).await?;
    }
    let step = cx.begin(format!("apply {id}"));
    let live = step.end(
        apply(client, cx, seen, force)
            .await
            .map_err(|error| explained(&id, error)),
    )?;
    seen.live = Some(live);
    seen.state = State::Same;
    seen.written = true;
    Ok(())
}

/// Whoever makes the same object at the same time makes it the same.
async fn apply(
    client: &KubeClient,
    cx: &Context,
    seen: &Seen,
    force: bool,
) -> std::result::Result<serde_json::Value, KubeError> {
    let mut attempt = 1;
    loop {
        let applied = client.apply(cx, &seen.wanted, force).await;
        match settled(client, cx, &seen.wanted, applied).await {
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
