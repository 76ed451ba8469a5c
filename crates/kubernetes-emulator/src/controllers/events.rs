//! What controllers tell: Events, one for each thing that is told of an object, with how often it was.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::kinds::known;
use crate::objects::{Objects, Scope};

/// Tells something of an object in a namespace.
pub(super) fn tell(
    objects: &mut Objects<'_>,
    about: &Value,
    (who, is_warning): (&str, bool),
    reason: &str,
    message: &str,
) {
    let kind = known("events");
    let metadata = &about["metadata"];
    let namespace = metadata["namespace"].as_str().unwrap_or("default").to_owned();
    let scope = Scope::of(&kind, Some(&namespace));
    // The same again is the same event.
    let told = format!("{}/{reason}/{message}", metadata["uid"]);
    let id = Uuid::new_v5(&Uuid::NAMESPACE_OID, told.as_bytes())
        .simple()
        .to_string();
    let name = format!("{}.{}", metadata["name"].as_str().unwrap_or_default(), &id[..16]);
    let now = objects.timestamp();
    if let Some(mut event) = objects.get(scope, &name) {
        event["count"] = (event["count"].as_u64().unwrap_or(0) + 1).into();
        event["lastTimestamp"] = now.into();
        objects.put(scope, &mut event);
        return;
    }
    let mut event = json!({
        "metadata": { "name": name },
        "involvedObject": {
            "apiVersion": about["apiVersion"], "kind": about["kind"], "name": metadata["name"],
            "namespace": namespace, "uid": metadata["uid"], "resourceVersion": metadata["resourceVersion"]
        },
        "reason": reason,
        "message": message,
        "type": if is_warning { "Warning" } else { "Normal" },
        "source": { "component": who },
        "reportingComponent": who,
        "reportingInstance": "",
        "firstTimestamp": now,
        "lastTimestamp": now,
        "count": 1
    });
    objects.complete(&kind, Some(&namespace), &mut event);
    objects.put(scope, &mut event);
}
