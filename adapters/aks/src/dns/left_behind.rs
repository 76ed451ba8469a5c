//! The records that stay when a cluster goes.

use kompox_domain::cluster::{Change, ChangeAction};
use kompox_domain::{ErrorKind, Result, tags};

use super::zones::{self, read_all, record_id};
use crate::advice::to_domain;
use crate::session::Session;
use crate::settings::cluster::InstallTargets;

/// The record sets that were made for apps on a cluster (`<ws>/<prv>/<cls>`). A zone that cannot be read is told as such:
/// nothing in it would be deleted, so it need not keep the cluster from going.
///
/// # Errors
/// `Unauthenticated`; `InvalidInput` for a zone that has no name of one.
pub(crate) async fn left_behind(
    session: Session<'_>,
    cluster: &str,
    targets: &InstallTargets,
) -> Result<Vec<Change>> {
    let zones = zones::of(targets)?;
    let keep = |resource: String, reason: String| Change {
        action: ChangeAction::Keep,
        resource,
        reason,
    };
    let mut left = Vec::new();
    for (zone, read) in zones.iter().zip(read_all(session, &zones).await) {
        match read {
            Ok(sets) => left.extend(sets.iter().filter(|set| set.is_of_cluster(cluster)).map(|set| {
                let app = set.metadata.get(tags::APP).map_or("an app", String::as_str);
                let reason = format!("DNS record of {app}: `kompoxops dns destroy` deletes it");
                keep(record_id(zone, &set.written_kind, &set.name), reason)
            })),
            Err(error) if error.is_not_found() => {}
            Err(error) => {
                let error = to_domain(error);
                if error.kind() == ErrorKind::Unauthenticated {
                    return Err(error);
                }
                let reason =
                    format!("it is not known which DNS records of the cluster stay in this zone: {error}");
                left.push(keep(zone.id.clone(), reason));
            }
        }
    }
    Ok(left)
}
