//! As whom Traefik asks the cluster, and what it may ask.

use k8s_openapi::api::core::v1::ServiceAccount;
use k8s_openapi::api::rbac::v1::{ClusterRole, ClusterRoleBinding, PolicyRule, RoleRef, Subject};

use super::definitions;
use super::spec::Traefik;

/// What the role of the Traefik in a namespace is called: there may be another one elsewhere.
fn cluster_role_name(namespace: &str) -> String {
    format!("traefik-{namespace}")
}

impl Traefik {
    pub(super) fn its_service_account(&self) -> ServiceAccount {
        let mut metadata = self.metadata(&self.service_account, "identity");
        if let Some(annotations) = &mut metadata.annotations {
            annotations.extend(self.service_account_annotations.clone());
        }
        ServiceAccount {
            metadata,
            // The pods say so themselves, where it can be seen.
            automount_service_account_token: Some(false),
            ..ServiceAccount::default()
        }
    }

    /// What the providers in use ask for, and nothing else: they list and watch, and get nothing by itself.
    pub(super) fn cluster_role(&self) -> ClusterRole {
        let watch = ["list", "watch"];
        let mut rules = vec![
            // Services may be reached through ports of nodes, and the provider does not start without either.
            rule("", &["nodes", "services"], &watch),
            // Ingresses name the Secrets of their certificates, in any namespace. The provider watches all of them
            // or none, and without that right it does not start.
            rule("", &["secrets"], &watch),
            rule("discovery.k8s.io", &["endpointslices"], &watch),
            rule("networking.k8s.io", &["ingressclasses", "ingresses"], &watch),
            // The address of our Service, published.
            rule("networking.k8s.io", &["ingresses/status"], &["update"]),
        ];
        if self.custom_resources {
            // Certificate authorities of servers behind a ServersTransport.
            rules.push(rule("", &["configmaps"], &watch));
            let plurals: Vec<&str> = definitions::KINDS.iter().map(|kind| kind.plural).collect();
            rules.push(rule(definitions::GROUP, &plurals, &watch));
        }
        ClusterRole {
            metadata: self.global(&cluster_role_name(&self.namespace), "access"),
            rules: Some(rules),
            ..ClusterRole::default()
        }
    }

    pub(super) fn cluster_role_binding(&self) -> ClusterRoleBinding {
        let name = cluster_role_name(&self.namespace);
        ClusterRoleBinding {
            metadata: self.global(&name, "access"),
            role_ref: RoleRef {
                api_group: Some("rbac.authorization.k8s.io".to_owned()),
                kind: "ClusterRole".to_owned(),
                name,
            },
            subjects: Some(vec![Subject {
                kind: "ServiceAccount".to_owned(),
                name: self.service_account.clone(),
                namespace: Some(self.namespace.clone()),
                ..Subject::default()
            }]),
        }
    }
}

fn rule(group: &str, resources: &[&str], verbs: &[&str]) -> PolicyRule {
    let owned = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    PolicyRule {
        api_groups: Some(vec![group.to_owned()]),
        resources: Some(owned(resources)),
        verbs: owned(verbs),
        ..PolicyRule::default()
    }
}
