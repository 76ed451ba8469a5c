//! `autoUpgradeProfile`: which channels a cluster follows by itself.

use serde_json::{Map, Value, json};

use super::desired::unknown_field;
use crate::arm::error::{ArmError, ArmResult};
use crate::types::common;

const CHANNELS: &[&str] = &["rapid", "stable", "patch", "node-image", "none"];
const NODE_OS_CHANNELS: &[&str] = &["None", "Unmanaged", "NodeImage", "SecurityPatch"];
/// What a cluster has that is made with an api-version from 2023-06-01 on and says nothing else.
const NODE_OS_DEFAULT: &str = "NodeImage";

/// The profile that a PUT asks for: what is sent, over what is there. A new cluster has no channel for versions, and
/// the default for images.
pub(super) fn profile(there: Option<&Value>, sent: Option<&Value>) -> ArmResult<Value> {
    let empty = Map::new();
    let sent = match sent {
        None => &empty,
        Some(Value::Object(sent)) => sent,
        Some(_) => return Err(ArmError::content("'autoUpgradeProfile' must be an object")),
    };
    if let Some(unknown) = sent
        .keys()
        .find(|key| !["upgradeChannel", "nodeOSUpgradeChannel"].contains(&key.as_str()))
    {
        return Err(unknown_field(unknown));
    }
    let channel = word(sent, "upgradeChannel", CHANNELS)?;
    let node_os = word(sent, "nodeOSUpgradeChannel", NODE_OS_CHANNELS)?;
    let mut profile = there
        .cloned()
        .unwrap_or_else(|| json!({ "nodeOSUpgradeChannel": NODE_OS_DEFAULT }));
    if let Some(channel) = channel {
        profile["upgradeChannel"] = channel.into();
    }
    if profile["upgradeChannel"] == "node-image" {
        // This channel brings the other along, which cannot be another one meanwhile.
        if let Some(node_os) = node_os.filter(|node_os| *node_os != "NodeImage") {
            return Err(ArmError::invalid_parameter(
                "autoUpgradeProfile.nodeOSUpgradeChannel",
                format!(
                    "The node OS upgrade channel cannot be '{node_os}' while the upgrade channel is 'node-image': it must be \
                     'NodeImage'."
                ),
            )
            .bare());
        }
        profile["nodeOSUpgradeChannel"] = "NodeImage".into();
    } else if let Some(node_os) = node_os {
        profile["nodeOSUpgradeChannel"] = node_os.into();
    }
    Ok(profile)
}

fn word(sent: &Map<String, Value>, name: &str, words: &[&'static str]) -> ArmResult<Option<&'static str>> {
    let Some(text) = common::string(sent, name)? else {
        return Ok(None);
    };
    match words.iter().find(|word| word.eq_ignore_ascii_case(text)) {
        Some(word) => Ok(Some(word)),
        None => Err(ArmError::invalid_parameter(
            &format!("autoUpgradeProfile.{name}"),
            format!("The value '{text}' of autoUpgradeProfile.{name} is invalid."),
        )
        .bare()),
    }
}
