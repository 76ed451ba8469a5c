//! kompoxops.yml: one workspace, provider, cluster and app in one document.

use kompox_domain::model::{AnyId, AppId, ClusterId, ProviderId};
use kompox_domain::{Argument, Hint, Label, Workspace};

use kompox_yaml::Mark;

use crate::error::{Fault, quoted};
use crate::fields::{Fields, Known, Reader};
use crate::gather::Parts;
use crate::parse::Document;
use crate::parts::{AppPart, ClusterPart, ProviderPart, name};

const VERSION: &str = "v1";

const ROOT: Known = Known {
    used: &["version", "service", "workspace", "provider", "cluster", "app"],
    ignored: &[],
};
const WORKSPACE: Known = Known {
    used: &["name"],
    ignored: &["settings"],
};
const PROVIDER: Known = Known {
    used: &["name", "driver", "settings"],
    ignored: &[],
};
const CLUSTER: Known = Known {
    // «domain» is where the domain stood before the ingress had one.
    used: &["name", "existing", "protection", "ingress", "settings", "domain"],
    ignored: &[],
};
const APP: Known = Known {
    used: &["name", "settings", "deployment", "volumes"],
    ignored: &["compose", "ingress", "networkPolicy", "resources"],
};

/// Reads the document of a kompoxops.yml into `parts`.
pub(crate) fn read(document: &Document, reader: &mut Reader<'_>, parts: &mut Parts) {
    let root = &*document.root;
    if root.entry("apiVersion").is_some() {
        parts.unidentified = true;
        let fault = Fault::new("this is a KOM document, not a kompoxops.yml");
        return reader.fault(
            root.mark,
            fault
                .hint(Hint::argument("name it", Argument::KomPath(None)))
                .hint(Hint::argument(
                    "or, if it is the app's, name it",
                    Argument::KomApp(None),
                )),
        );
    }
    let fields = Fields::new(Some(root), root.mark, "", &ROOT, reader);
    if let Some((version, mark)) = fields.required("version", reader)
        && version != VERSION
    {
        let fault = Fault::new(format!("unknown version {}", quoted(version)));
        reader.fault(mark, fault.hint(format!("write version: {VERSION}")));
    }
    let Ok(workspace) = workspace(&fields, reader, parts) else {
        parts.unidentified = true;
        return;
    };
    let Some(provider) = provider(&fields, workspace, reader, parts) else {
        parts.unidentified = true;
        return;
    };
    let cluster = cluster(&fields, provider, reader, parts);
    app(&fields, cluster, reader, parts);
}

/// Refuses a further document.
pub(crate) fn read_second(document: &Document, reader: &mut Reader<'_>) {
    let fault = Fault::new("kompoxops.yml holds one document only");
    reader.fault(
        document.root.mark,
        fault.hint(Hint::argument(
            "KOM files may hold several; name those",
            Argument::KomPath(None),
        )),
    );
}

/// The workspace; absent means none. The error stands for faults that were told.
fn workspace(fields: &Fields<'_>, reader: &mut Reader<'_>, parts: &mut Parts) -> Result<Option<Label>, ()> {
    let key = match (fields.entry("service"), fields.entry("workspace")) {
        (None, None) => return Ok(None),
        (Some(_), Some(second)) => {
            let fault = Fault::new("service and workspace are two words for one thing");
            reader.fault(second.mark, fault.hint("keep one of them"));
            return Err(());
        }
        (Some(_), None) => "service",
        (None, Some(_)) => "workspace",
    };
    let (label, mark) = name(&fields.fields(key, &WORKSPACE, reader), reader).ok_or(())?;
    parts
        .places
        .push((AnyId::Workspace(Some(label.clone())), reader.place(mark)));
    parts.workspaces.push(Workspace { name: label.clone() });
    Ok(Some(label))
}

fn provider(
    fields: &Fields<'_>,
    workspace: Option<Label>,
    reader: &mut Reader<'_>,
    parts: &mut Parts,
) -> Option<ProviderId> {
    if fields.get("provider").is_none() {
        fields.missing("provider", reader);
        return None;
    }
    let fields = fields.fields("provider", &PROVIDER, reader);
    let part = ProviderPart::read(&fields, reader);
    let (label, mark) = name(&fields, reader)?;
    let id = ProviderId {
        workspace,
        provider: label,
    };
    found(AnyId::Provider(id.clone()), mark, reader, parts);
    parts.providers.push(part.with_id(id.clone()));
    Some(id)
}

fn cluster(
    fields: &Fields<'_>,
    provider: ProviderId,
    reader: &mut Reader<'_>,
    parts: &mut Parts,
) -> Option<ClusterId> {
    if fields.get("cluster").is_none() {
        if let Some(app) = fields.entry("app") {
            reader.fault(app.mark, Fault::new("app needs a cluster, which is missing"));
        }
        return None;
    }
    let fields = fields.fields("cluster", &CLUSTER, reader);
    let mut part = ClusterPart::read(&fields, reader);
    part.domain_or(fields.optional("domain", reader));
    let (label, mark) = name(&fields, reader)?;
    let id = ClusterId {
        provider,
        cluster: label,
    };
    found(AnyId::Cluster(id.clone()), mark, reader, parts);
    match part.with_id(id.clone()) {
        Some(cluster) => parts.clusters.push(cluster),
        None => parts.unidentified = true,
    }
    Some(id)
}

/// The app. It is read without a cluster too, for its errors.
fn app(fields: &Fields<'_>, cluster: Option<ClusterId>, reader: &mut Reader<'_>, parts: &mut Parts) {
    if fields.get("app").is_none() {
        return;
    }
    let fields = fields.fields("app", &APP, reader);
    let part = AppPart::read(&fields, reader);
    if let (Some((label, mark)), Some(cluster)) = (name(&fields, reader), cluster) {
        let id = AppId { cluster, app: label };
        found(AnyId::App(id.clone()), mark, reader, parts);
        parts.apps.push(part.with_id(id));
    }
}

fn found(id: AnyId, mark: Mark, reader: &Reader<'_>, parts: &mut Parts) {
    parts.places.push((id, reader.place(mark)));
}
