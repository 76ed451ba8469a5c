//! The table of kinds and verbs that is served. What is neither in it nor brought by a CustomResourceDefinition is
//! refused by name.

use std::sync::{Arc, LazyLock};

use serde_json::{Value, json};

use super::schema::Type;

/// What can be done with objects of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verb {
    Get,
    List,
    Watch,
    Create,
    Update,
    Patch,
    Delete,
    DeleteCollection,
}

impl Verb {
    /// As discovery and refusals write it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::List => "list",
            Self::Watch => "watch",
            Self::Create => "create",
            Self::Update => "update",
            Self::Patch => "patch",
            Self::Delete => "delete",
            Self::DeleteCollection => "deletecollection",
        }
    }

    /// The last part of the data action that Azure asks for.
    pub(crate) fn data_action(self) -> &'static str {
        match self {
            Self::Get | Self::List | Self::Watch => "read",
            Self::Create | Self::Update | Self::Patch => "write",
            Self::Delete | Self::DeleteCollection => "delete",
        }
    }
}

/// All verbs.
pub(crate) const ALL: &[Verb] = &[
    Verb::Create,
    Verb::Delete,
    Verb::DeleteCollection,
    Verb::Get,
    Verb::List,
    Verb::Patch,
    Verb::Update,
    Verb::Watch,
];
/// Namespaces go one by one.
const NAMESPACE: &[Verb] = &[
    Verb::Create,
    Verb::Delete,
    Verb::Get,
    Verb::List,
    Verb::Patch,
    Verb::Update,
    Verb::Watch,
];

/// What names of a kind may be like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Names {
    /// RFC 1123.
    Label,
    /// RFC 1035: the first is a letter.
    OldLabel,
    Subdomain,
    /// Anything that fits into a path.
    Segment,
}

/// A kind of objects.
#[derive(Debug)]
pub(crate) struct Kind {
    /// API group; empty is the core.
    pub(crate) group: String,
    pub(crate) version: String,
    pub(crate) kind: String,
    /// In paths.
    pub(crate) resource: String,
    pub(crate) singular: String,
    pub(crate) short: Vec<String>,
    pub(crate) categories: Vec<String>,
    pub(crate) namespaced: bool,
    pub(crate) verbs: &'static [Verb],
    /// Fields that a field selector can ask for, besides name and namespace.
    pub(crate) fields: &'static [&'static str],
    pub(crate) names: Names,
    /// `status` is written by its own path only.
    pub(crate) status: bool,
    /// `metadata.generation` counts changes of what is wanted.
    pub(crate) generation: bool,
    /// What an object is made of.
    pub(crate) schema: Type,
    /// The schema that a CustomResourceDefinition has given.
    pub(crate) custom: Option<Value>,
}

/// Kinds are shared: those of the table live for ever, others as long as somebody looks at them.
pub(crate) type KindRef = Arc<Kind>;

impl Kind {
    /// One of the table.
    fn of((group, version): (&str, &str), kind: &str, resource: &str, short: &[&str], names: Names) -> Self {
        Self {
            group: group.to_owned(),
            version: version.to_owned(),
            kind: kind.to_owned(),
            resource: resource.to_owned(),
            singular: kind.to_ascii_lowercase(),
            short: short.iter().map(|name| (*name).to_owned()).collect(),
            categories: Vec::new(),
            namespaced: true,
            verbs: ALL,
            fields: &[],
            names,
            status: false,
            generation: false,
            schema: Type::Named(kind.into()),
            custom: None,
        }
    }

    fn global(mut self) -> Self {
        self.namespaced = false;
        self
    }

    fn with_status(mut self) -> Self {
        self.status = true;
        self
    }

    fn counted(mut self) -> Self {
        self.generation = true;
        self
    }

    fn in_all(mut self) -> Self {
        self.categories = vec!["all".to_owned()];
        self
    }

    fn by(mut self, fields: &'static [&'static str]) -> Self {
        self.fields = fields;
        self
    }

    fn only(mut self, verbs: &'static [Verb]) -> Self {
        self.verbs = verbs;
        self
    }

    /// `apps/v1`, or `v1`.
    pub(crate) fn api_version(&self) -> String {
        if self.group.is_empty() {
            self.version.clone()
        } else {
            format!("{}/{}", self.group, self.version)
        }
    }

    /// `deployments.apps`, or `pods`.
    pub(crate) fn qualified(&self) -> String {
        if self.group.is_empty() {
            self.resource.clone()
        } else {
            format!("{}.{}", self.resource, self.group)
        }
    }

    /// `Deployment.apps`, or `Pod`.
    pub(crate) fn qualified_kind(&self) -> String {
        if self.group.is_empty() {
            self.kind.clone()
        } else {
            format!("{}.{}", self.kind, self.group)
        }
    }

    /// Whether it is this one of the table.
    pub(crate) fn is(&self, group: &str, kind: &str) -> bool {
        self.group == group && self.kind == kind
    }

    /// Its entries in discovery.
    pub(crate) fn discovery(&self) -> Vec<Value> {
        let verbs: Vec<&str> = self.verbs.iter().map(|verb| verb.name()).collect();
        let mut entry = json!({
            "name": self.resource,
            "singularName": self.singular,
            "namespaced": self.namespaced,
            "kind": self.kind,
            "verbs": verbs
        });
        for (name, list) in [("shortNames", &self.short), ("categories", &self.categories)] {
            if !list.is_empty() {
                entry[name] = json!(list);
            }
        }
        let mut entries = vec![entry];
        let below = |name: &str, verbs: &[&str]| {
            json!({
                "name": format!("{}/{name}", self.resource), "singularName": "", "namespaced": self.namespaced,
                "kind": self.kind, "verbs": verbs
            })
        };
        if self.status {
            entries.push(below("status", &["get", "patch", "update"]));
        }
        if self.is("apps", "Deployment") {
            let mut scale = below("scale", &["get", "patch", "update"]);
            scale["group"] = "autoscaling".into();
            scale["version"] = "v1".into();
            scale["kind"] = "Scale".into();
            entries.push(scale);
        }
        if self.is("", "Pod") {
            entries.push(below("log", &["get"]));
        }
        entries
    }
}

const CORE: (&str, &str) = ("", "v1");
const NETWORKING: (&str, &str) = ("networking.k8s.io", "v1");
const RBAC: (&str, &str) = ("rbac.authorization.k8s.io", "v1");

/// All kinds that are always there.
pub(crate) static KINDS: LazyLock<Vec<KindRef>> = LazyLock::new(|| {
    use Names::{Label, OldLabel, Segment, Subdomain};
    let of = Kind::of;
    vec![
        of(CORE, "ConfigMap", "configmaps", &["cm"], Subdomain),
        of(CORE, "Event", "events", &["ev"], Subdomain).by(&[
            "involvedObject.kind",
            "involvedObject.name",
            "involvedObject.namespace",
            "involvedObject.uid",
            "reason",
            "type",
        ]),
        of(CORE, "Namespace", "namespaces", &["ns"], Label)
            .global()
            .with_status()
            .only(NAMESPACE)
            .by(&["status.phase"]),
        of(
            CORE,
            "PersistentVolumeClaim",
            "persistentvolumeclaims",
            &["pvc"],
            Subdomain,
        )
        .with_status(),
        of(CORE, "PersistentVolume", "persistentvolumes", &["pv"], Subdomain)
            .global()
            .with_status(),
        of(CORE, "Pod", "pods", &["po"], Subdomain)
            .with_status()
            .in_all()
            .by(&[
                "spec.nodeName",
                "spec.restartPolicy",
                "spec.schedulerName",
                "spec.serviceAccountName",
                "status.phase",
                "status.podIP",
            ]),
        of(CORE, "Secret", "secrets", &[], Subdomain).by(&["type"]),
        of(CORE, "ServiceAccount", "serviceaccounts", &["sa"], Subdomain),
        of(CORE, "Service", "services", &["svc"], OldLabel)
            .with_status()
            .in_all()
            .by(&["spec.clusterIP", "spec.type"]),
        of(
            ("apps", "v1"),
            "Deployment",
            "deployments",
            &["deploy"],
            Subdomain,
        )
        .with_status()
        .counted()
        .in_all(),
        of(
            ("apiextensions.k8s.io", "v1"),
            "CustomResourceDefinition",
            "customresourcedefinitions",
            &["crd", "crds"],
            Subdomain,
        )
        .global()
        .with_status()
        .counted(),
        of(
            ("authorization.k8s.io", "v1"),
            "SelfSubjectAccessReview",
            "selfsubjectaccessreviews",
            &[],
            Segment,
        )
        .global()
        .only(&[Verb::Create]),
        of(NETWORKING, "IngressClass", "ingressclasses", &[], Subdomain)
            .global()
            .counted(),
        of(NETWORKING, "Ingress", "ingresses", &["ing"], Subdomain)
            .with_status()
            .counted(),
        of(
            ("policy", "v1"),
            "PodDisruptionBudget",
            "poddisruptionbudgets",
            &["pdb"],
            Subdomain,
        )
        .with_status()
        .counted(),
        of(RBAC, "ClusterRoleBinding", "clusterrolebindings", &[], Segment).global(),
        of(RBAC, "ClusterRole", "clusterroles", &[], Segment).global(),
        of(RBAC, "RoleBinding", "rolebindings", &[], Segment),
        of(RBAC, "Role", "roles", &[], Segment),
    ]
    .into_iter()
    .map(Arc::new)
    .collect()
});

/// The kind of the table that has this group, version and name in paths.
pub(crate) fn by_path(group: &str, version: &str, resource: &str) -> Option<KindRef> {
    KINDS
        .iter()
        .find(|kind| kind.group == group && kind.version == version && kind.resource == resource)
        .cloned()
}

/// A kind that is known to stand in the table, by its name in paths.
#[expect(clippy::expect_used, reason = "callers name rows of the table above")]
pub(crate) fn known(resource: &str) -> KindRef {
    KINDS
        .iter()
        .find(|kind| kind.resource == resource)
        .cloned()
        .expect("a row of the table")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_the_table_has_a_schema_with_metadata() {
        for kind in KINDS.iter() {
            let fields = kind.schema.fields();
            assert!(
                fields.is_some_and(|fields| fields.get("metadata").is_some()),
                "{}",
                kind.kind
            );
        }
    }
}
