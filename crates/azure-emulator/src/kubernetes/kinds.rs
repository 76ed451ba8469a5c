//! The table of kinds and verbs that is served. What is not in it is refused by name.

use serde_json::{Value, json};

/// What can be done with objects of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verb {
    Get,
    List,
    Create,
    Delete,
}

impl Verb {
    /// As discovery and refusals write it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::List => "list",
            Self::Create => "create",
            Self::Delete => "delete",
        }
    }

    /// The last part of the data action that Azure asks for.
    pub(super) fn data_action(self) -> &'static str {
        match self {
            Self::Get | Self::List => "read",
            Self::Create => "write",
            Self::Delete => "delete",
        }
    }
}

/// A kind of objects.
#[derive(Debug)]
pub(super) struct Kind {
    /// API group; empty is the core.
    pub(super) group: &'static str,
    pub(super) version: &'static str,
    pub(super) kind: &'static str,
    /// In paths.
    pub(super) resource: &'static str,
    singular: &'static str,
    short: &'static [&'static str],
    categories: &'static [&'static str],
    pub(super) namespaced: bool,
    pub(super) verbs: &'static [Verb],
    /// Fields that a field selector can ask for, besides name and namespace.
    pub(super) fields: &'static [&'static str],
}

const READ: &[Verb] = &[Verb::Get, Verb::List];

/// All kinds.
pub(super) static KINDS: &[Kind] = &[
    Kind {
        group: "",
        version: "v1",
        kind: "Namespace",
        resource: "namespaces",
        singular: "namespace",
        short: &["ns"],
        categories: &[],
        namespaced: false,
        verbs: &[Verb::Create, Verb::Delete, Verb::Get, Verb::List],
        fields: &["status.phase"],
    },
    Kind {
        group: "",
        version: "v1",
        kind: "Pod",
        resource: "pods",
        singular: "pod",
        short: &["po"],
        categories: &["all"],
        namespaced: true,
        verbs: READ,
        fields: &[
            "spec.nodeName",
            "spec.restartPolicy",
            "spec.schedulerName",
            "spec.serviceAccountName",
            "status.phase",
            "status.podIP",
        ],
    },
    Kind {
        group: "",
        version: "v1",
        kind: "Service",
        resource: "services",
        singular: "service",
        short: &["svc"],
        categories: &["all"],
        namespaced: true,
        verbs: READ,
        fields: &["spec.clusterIP", "spec.type"],
    },
    Kind {
        group: "apps",
        version: "v1",
        kind: "Deployment",
        resource: "deployments",
        singular: "deployment",
        short: &["deploy"],
        categories: &["all"],
        namespaced: true,
        verbs: READ,
        fields: &[],
    },
];

impl Kind {
    /// `apps/v1`, or `v1`.
    pub(super) fn api_version(&self) -> String {
        if self.group.is_empty() {
            self.version.to_owned()
        } else {
            format!("{}/{}", self.group, self.version)
        }
    }

    /// `deployments.apps`, or `pods`.
    pub(super) fn qualified(&self) -> String {
        if self.group.is_empty() {
            self.resource.to_owned()
        } else {
            format!("{}.{}", self.resource, self.group)
        }
    }

    /// Its entry in discovery.
    pub(super) fn discovery(&self) -> Value {
        let verbs: Vec<&str> = self.verbs.iter().map(|verb| verb.name()).collect();
        let mut entry = json!({
            "name": self.resource,
            "singularName": self.singular,
            "namespaced": self.namespaced,
            "kind": self.kind,
            "verbs": verbs
        });
        for (name, list) in [("shortNames", self.short), ("categories", self.categories)] {
            if !list.is_empty() {
                entry[name] = json!(list);
            }
        }
        entry
    }
}

/// The kind that has this group, version and name in paths.
pub(super) fn by_path(group: &str, version: &str, resource: &str) -> Option<&'static Kind> {
    KINDS
        .iter()
        .find(|kind| kind.group == group && kind.version == version && kind.resource == resource)
}

/// The kind of an object, as its `apiVersion` and `kind` say.
pub(super) fn by_object(object: &Value) -> Option<&'static Kind> {
    let (version, kind) = (object["apiVersion"].as_str()?, object["kind"].as_str()?);
    KINDS
        .iter()
        .find(|known| known.kind == kind && known.api_version() == version)
}

/// The kind by `deployments.apps` or `pods`.
pub(super) fn by_name(name: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.qualified() == name)
}
