//! KOM: documents of `ops.kompox.dev/v1alpha1`.

use kompox_domain::model::{AnyId, AppId};
use kompox_domain::{Argument, Hint, Label, Workspace};

use kompox_yaml::{Mark, Node, Value};

use crate::error::{Fault, advice, quoted};
use crate::fields::{Fields, Known, Reader};
use crate::gather::{Defaults, Parts, kind};
use crate::parse::Document;
use crate::parts::{AppPart, ClusterPart, ProviderPart};

const GROUP: &str = "ops.kompox.dev";
const API_VERSION: &str = "ops.kompox.dev/v1alpha1";
const ID: &str = "ops.kompox.dev/id";
const KINDS: [&str; 5] = ["Workspace", "Provider", "Cluster", "App", "Defaults"];

const DOCUMENT: Known = Known {
    used: &["apiVersion", "kind", "metadata", "spec"],
    ignored: &["status"],
};
/// The object metadata of Kubernetes.
const METADATA: Known = Known {
    used: &["name", "annotations"],
    ignored: &[
        "labels",
        "namespace",
        "generateName",
        "selfLink",
        "uid",
        "resourceVersion",
        "generation",
        "creationTimestamp",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
        "ownerReferences",
        "finalizers",
        "managedFields",
    ],
};
const WORKSPACE: Known = Known {
    used: &[],
    ignored: &["settings"],
};
const PROVIDER: Known = Known {
    used: &["driver", "settings"],
    ignored: &[],
};
const CLUSTER: Known = Known {
    used: &["existing", "protection", "ingress", "settings"],
    ignored: &[],
};
const APP: Known = Known {
    used: &["settings", "deployment", "volumes"],
    ignored: &["compose", "ingress", "networkPolicy", "resources"],
};
const DEFAULTS: Known = Known {
    used: &["komPath", "appId"],
    ignored: &[],
};

/// What part a file plays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// The app file: its `Defaults` counts.
    AppFile,
    /// An app file of another directory: its `Defaults` is accepted and means nothing.
    OtherAppFile,
    /// Any other file.
    Plain,
}

/// Reads one document into `parts`.
pub(crate) fn read(document: &Document, role: Role, reader: &mut Reader<'_>, parts: &mut Parts) {
    let root = &*document.root;
    if root.is_null() {
        return;
    }
    if !matches!(root.value, Value::Map(_)) {
        parts.unidentified = true;
        let message = format!(
            "a document must be a mapping with apiVersion and kind, not {}",
            root.kind()
        );
        return reader.fault(root.mark, Fault::new(message));
    }
    let Some(api_version) = header(root, "apiVersion", reader, parts) else {
        return;
    };
    if api_version.0 != API_VERSION {
        return other_version(api_version, root, reader, parts);
    }
    let Some((kind, mark)) = header(root, "kind", reader, parts) else {
        return;
    };
    let Some(kind) = KINDS.into_iter().find(|known| *known == kind) else {
        if kind == "Box" {
            return reader.ignore("kind Box");
        }
        parts.unidentified = true;
        let fault = Fault::new(format!("unknown kind {}", quoted(kind)));
        return reader.fault(mark, fault.hint(advice("kinds", kind, &KINDS, &KINDS)));
    };
    reader.subject = kind;
    let fields = Fields::new(Some(root), root.mark, "", &DOCUMENT, reader);
    let metadata = fields.fields("metadata", &METADATA, reader);
    match kind {
        "Defaults" => defaults(&fields, mark, role, reader, parts),
        kind => entity(kind, &fields, &metadata, role, reader, parts),
    }
}

/// `apiVersion` or `kind`, without which a document cannot be understood at all.
fn header<'n>(
    root: &'n Node,
    key: &str,
    reader: &mut Reader<'_>,
    parts: &mut Parts,
) -> Option<(&'n str, Mark)> {
    let (mark, fault) = match root.entry(key) {
        Some(entry) => match entry.node.text() {
            Some(text) => return Some((text, entry.node.mark)),
            None => {
                let message = format!("{key} must be a string, not {}", entry.node.kind());
                (entry.node.mark, Fault::new(message))
            }
        },
        None => {
            let hint = match key {
                "kind" => format!("kinds: {}", KINDS.join(", ")),
                _ => format!("a KOM document begins with apiVersion: {API_VERSION}"),
            };
            (root.mark, Fault::new(format!("{key} is missing")).hint(hint))
        }
    };
    parts.unidentified = true;
    reader.fault(mark, fault);
    None
}

/// A document of another group is somebody else's; one that is nearly ours is a mistake.
fn other_version((text, mark): (&str, Mark), root: &Node, reader: &mut Reader<'_>, parts: &mut Parts) {
    let group = text.split('/').next().unwrap_or_default();
    let ours = group == GROUP || kompox_domain::suggest::nearest(text, [API_VERSION, GROUP]).is_some();
    if ours {
        parts.unidentified = true;
        let fault = Fault::new(format!("unknown apiVersion {}", quoted(text)));
        return reader.fault(mark, fault.hint(format!("did you mean {API_VERSION:?}?")));
    }
    let kind = root
        .entry("kind")
        .and_then(|entry| entry.node.text())
        .unwrap_or_default();
    reader.ignore(&format!("apiVersion {} kind {}", quoted(text), quoted(kind)));
}

fn defaults(fields: &Fields<'_>, mark: Mark, role: Role, reader: &mut Reader<'_>, parts: &mut Parts) {
    let spec = fields.fields("spec", &DEFAULTS, reader);
    match role {
        Role::AppFile => {}
        Role::OtherAppFile => return reader.ignore("of another app file"),
        Role::Plain => {
            let fault = Fault::new("Defaults may stand in the app file only");
            return reader.fault(
                mark,
                fault
                    .hint("move it to kompoxapp.yml")
                    .hint(Hint::argument("or name this file", Argument::KomApp(None))),
            );
        }
    }
    if let Some(first) = &parts.defaults {
        let line = first.place.mark.line;
        return reader.fault(
            mark,
            Fault::new(format!("a second Defaults; the first is in line {line}")),
        );
    }
    let mut kom_path = Vec::new();
    for item in spec.list("komPath", reader) {
        match item.text().filter(|text| !text.is_empty()) {
            Some(text) => kom_path.push((text.to_owned(), reader.place(item.mark))),
            None => {
                let message = format!("{} must hold paths", spec.name("komPath"));
                reader.fault(item.mark, Fault::new(message));
            }
        }
    }
    let app = spec
        .text("appId", reader)
        .filter(|(text, _)| !text.is_empty())
        .and_then(|(text, mark)| Some((app_id(text, mark, reader)?, reader.place(mark))));
    parts.defaults = Some(Defaults {
        kom_path,
        app,
        place: reader.place(mark),
    });
}

fn app_id(text: &str, mark: Mark, reader: &mut Reader<'_>) -> Option<AppId> {
    match reader.parse(text, mark)? {
        AnyId::App(id) => Some(id),
        other => {
            let message = format!("appId must be the id of an App, not of a {}", kind(&other));
            reader.fault(mark, Fault::new(message));
            None
        }
    }
}

fn entity(
    kind: &'static str,
    fields: &Fields<'_>,
    metadata: &Fields<'_>,
    role: Role,
    reader: &mut Reader<'_>,
    parts: &mut Parts,
) {
    let id = identity(kind, metadata, reader);
    match &id {
        Some((id, mark)) => parts.places.push((id.clone(), reader.place(*mark))),
        None => parts.unidentified = true,
    }
    let id = id.map(|(id, _)| id);
    // The spec is read without an id too, for its errors.
    match kind {
        "Workspace" => {
            fields.fields("spec", &WORKSPACE, reader);
            if let Some(AnyId::Workspace(Some(name))) = id {
                parts.workspaces.push(Workspace { name });
            }
        }
        "Provider" => {
            let part = ProviderPart::read(&fields.fields("spec", &PROVIDER, reader), reader);
            if let Some(AnyId::Provider(id)) = id {
                parts.providers.push(part.with_id(id));
            }
        }
        "Cluster" => {
            let part = ClusterPart::read(&fields.fields("spec", &CLUSTER, reader), reader);
            if let Some(AnyId::Cluster(id)) = id {
                match part.with_id(id) {
                    Some(cluster) => parts.clusters.push(cluster),
                    None => parts.unidentified = true,
                }
            }
        }
        _ => {
            let part = AppPart::read(&fields.fields("spec", &APP, reader), reader);
            if let Some(AnyId::App(id)) = id {
                if role == Role::AppFile {
                    parts.own_apps.push(id.clone());
                }
                parts.apps.push(part.with_id(id));
            }
        }
    }
}

/// The id of a document, which kind and name must agree with, and where it stands.
fn identity(kind: &str, metadata: &Fields<'_>, reader: &mut Reader<'_>) -> Option<(AnyId, Mark)> {
    let name = metadata
        .required("name", reader)
        .and_then(|(text, mark)| Some((reader.parse::<Label>(text, mark)?, mark)));
    let annotations = metadata.map("annotations", reader);
    let Some(entry) = annotations.iter().find(|entry| entry.key.text == ID) else {
        let near = annotations
            .iter()
            .find(|entry| kompox_domain::suggest::nearest(&entry.key.text, [ID]).is_some());
        let mark = near.map_or(metadata.mark(), |entry| entry.mark);
        let fault = Fault::new(format!("annotation {ID:?} is missing"));
        let hint = match near {
            Some(_) => format!("did you mean {ID:?}?"),
            None => format!("metadata.annotations needs {ID}: /ws/…"),
        };
        reader.fault(mark, fault.hint(hint));
        return None;
    };
    let mark = entry.node.mark;
    let Some(text) = entry.node.text() else {
        let message = format!("annotation {ID:?} must be an id, not {}", entry.node.kind());
        reader.fault(mark, Fault::new(message));
        return None;
    };
    let id: AnyId = reader.parse(text, mark)?;
    let found = crate::gather::kind(&id);
    if found != kind {
        let message = format!("id {id} is that of a {found}, but kind is {kind}");
        reader.fault(mark, Fault::new(message));
        return None;
    }
    let (name, name_mark) = name?;
    let last = match &id {
        AnyId::Workspace(None) => {
            let fault = Fault::new(format!(
                "id {id} means no workspace at all, which needs no document"
            ));
            reader.fault(mark, fault);
            return None;
        }
        AnyId::Workspace(Some(last)) => last,
        AnyId::Provider(id) => &id.provider,
        AnyId::Cluster(id) => &id.cluster,
        AnyId::App(id) => &id.app,
    };
    if *last != name {
        let message = format!("metadata.name is {:?}, but id {id} ends in {last}", name.as_str());
        reader.fault(name_mark, Fault::new(message));
        return None;
    }
    Some((id, mark))
}
