//! Which resource group belongs to an app or a cluster.

use kompox_domain::settings::{SettingValue, Settings};
use kompox_domain::{AppScope, Cluster, Error, ErrorKind, Hint, Result};

use crate::naming;

const KEY: &str = "AZURE_RESOURCE_GROUP_NAME";

/// The group of an app: as set, else derived from the prefix.
pub(crate) fn app_group(app: &AppScope, prefix: Option<&str>) -> Result<String> {
    match (explicit(&app.app.settings)?, prefix) {
        (Some(name), _) => Ok(name),
        (None, Some(prefix)) => Ok(naming::app_group_name(prefix, app)),
        (None, None) => Err(neither(&format!("app {}", app.app.id))),
    }
}

/// The group of a cluster: as set, else derived from the prefix.
pub(crate) fn cluster_group(cluster: &Cluster, prefix: Option<&str>) -> Result<String> {
    match (explicit(&cluster.settings)?, prefix) {
        (Some(name), _) => Ok(name),
        (None, Some(prefix)) => Ok(naming::cluster_group_name(prefix, cluster)),
        (None, None) => Err(neither(&format!("cluster {}", cluster.id))),
    }
}

/// An app may not live in a cluster's group: whatever goes with the cluster would take its disks along.
pub(crate) fn check_app_group(
    name: &str,
    app: &AppScope,
    clusters: &[Cluster],
    prefix: Option<&str>,
) -> Result<()> {
    for cluster in clusters {
        let Ok(group) = cluster_group(cluster, prefix) else {
            continue;
        };
        if group.eq_ignore_ascii_case(name) {
            return Err(Error::new(
                ErrorKind::InvalidInput,
                format!(
                    "resource group {name} of app {} is that of cluster {}",
                    app.app.id, cluster.id
                ),
            )
            .with_hint(format!(
                "give the app a group of its own in {KEY}: deprovisioning the cluster deletes its group"
            )));
        }
    }
    Ok(())
}

fn explicit(settings: &Settings) -> Result<Option<String>> {
    match settings.get(KEY) {
        None => Ok(None),
        Some(SettingValue::Plain(name)) => check(name).map(Some),
        // Names decide what is deleted: they stand in the configuration, where a reader sees them.
        Some(SettingValue::Reference(reference)) => Err(Error::new(
            ErrorKind::InvalidInput,
            format!("setting {KEY} is given as {reference}, but must be written out"),
        )
        .with_hint("write the name itself: it is no secret")),
    }
}

/// The rules of ARM for the name of a group: it becomes part of a path.
fn check(name: &str) -> Result<String> {
    let allowed = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '(' | ')');
    let length = name.chars().count();
    if (1..=90).contains(&length) && name.chars().all(allowed) && !name.ends_with('.') {
        Ok(name.to_owned())
    } else {
        Err(Error::new(
            ErrorKind::InvalidInput,
            format!("setting {KEY} {name:?} is not the name of a resource group"),
        )
        .with_hint("use 1 to 90 letters, digits, '-', '_', '.', '(' and ')', not ending with '.'"))
    }
}

fn neither(whose: &str) -> Error {
    Error::new(ErrorKind::InvalidInput, format!("{whose} has no resource group")).with_hints([
        Hint::setting("set in its settings", KEY),
        Hint::setting(
            "or, to have names made, in the provider's",
            "AZURE_RESOURCE_PREFIX",
        ),
    ])
}
