//! What provisioning would do.

use std::collections::{BTreeMap, BTreeSet};

use kompox_arm::ErrorDetail;
use kompox_domain::cluster::{Change, ChangeAction, InputChange, Plan};
use kompox_domain::driver::ProvisionRequest;
use kompox_domain::{Result, tags};
use serde_json::Value;
use ulid::Ulid;

use super::{diff, egress};
use crate::advice::to_domain;
use crate::follow::failure;
use crate::observe::ObservedCluster;
use crate::observe::ProvisionedCluster;
use crate::observe::managed_cluster::{CLUSTERS, ManagedCluster};
use crate::observe::stack::{Stack, StackInput, StackState};
use crate::resource_name::{is_kind, split};
use crate::tags::{belongs_to_cluster, foreign_tags_of_stack, tag};
use crate::template::names::Names;
use crate::template::parameters::{IDENTITIES, Kept, own_identity};
use crate::template::{document, foreign_tags, network_policy, parameters, upgrade_channels};

const GROUPS: &str = "Microsoft.Resources/resourceGroups";
const ROLE_ASSIGNMENTS: &str = "Microsoft.Authorization/roleAssignments";
/// What is not foretold: that it is not expected says nothing.
const FOLLOWING: &[&str] = &[
    ROLE_ASSIGNMENTS,
    "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials",
    "Microsoft.Insights/diagnosticSettings",
    "Microsoft.Insights/dataCollectionRuleAssociations",
    "Microsoft.Resources/deployments",
];

/// Why the stack is put.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Why {
    /// There is none.
    Absent,
    /// Template or parameters differ.
    Changed,
    /// The last operation on it did not end well.
    NotWell,
    /// The managed cluster is gone, though the stack ended well.
    Gone,
    /// The managed cluster is there, but failed.
    ClusterFailed,
    /// The user wants it.
    Forced,
}

/// A stack that is to be put.
#[derive(Debug, Clone)]
pub(crate) struct Todo {
    pub(crate) parameters: Value,
    pub(crate) tags: BTreeMap<String, String>,
    pub(crate) description: String,
    why: Why,
    reason: String,
}

impl Todo {
    /// Gives a parameter of the template another value.
    pub(crate) fn set(&mut self, parameter: &str, value: Value) {
        if let Some(given) = self.parameters.pointer_mut(&format!("/{parameter}/value")) {
            *given = value;
        }
    }

    pub(crate) fn input<'a>(&'a self, location: &'a str) -> StackInput<'a> {
        StackInput {
            location,
            tags: &self.tags,
            template: document::template(),
            parameters: &self.parameters,
            description: &self.description,
        }
    }
}

impl ProvisionedCluster<'_> {
    /// What provisioning would do; reads only.
    ///
    /// # Errors
    /// As [`refuse`](Self::refuse), and what Azure finds wrong with it.
    pub(crate) async fn plan(&self, request: &ProvisionRequest) -> Result<Plan> {
        let observed = self.observe().await?;
        self.refuse(&observed)?;
        if let Some(stack) = observed
            .stack
            .as_ref()
            .filter(|stack| stack.state() == StackState::Busy)
        {
            return Ok(self.held(stack));
        }
        let todo = self.todo(&observed, request.force);
        let due = self.images_due(&observed, todo.is_some());
        let mut plan = match todo {
            None => Plan::default(),
            Some(mut todo) => {
                self.refuse_stopped(&observed)?;
                self.keep_tags(&observed, &mut todo).await?;
                self.planned(&observed, &todo).await?
            }
        };
        self.foretell_images(&observed, &due, request.upgrade_node_images, &mut plan);
        Ok(plan)
    }

    /// The plan while somebody else works on the stack.
    fn held(&self, stack: &Stack) -> Plan {
        let reason = format!(
            "another operation holds it ({}); provisioning waits for that, then does what is still to do",
            stack.state_word()
        );
        Plan {
            changes: vec![Change {
                action: ChangeAction::Update,
                resource: self.stack.path(),
                reason,
            }],
            inputs: Vec::new(),
        }
    }

    /// What is to be put, unless everything is as configured. The tag with the hash is written with the request, so
    /// it only counts when what came after ended well.
    pub(crate) fn todo(&self, observed: &ObservedCluster, force: bool) -> Option<Todo> {
        let hash = parameters::hash(self.scope, self.session.provider, self.settings);
        let (why, reason) = match &observed.stack {
            None => (Why::Absent, "there is none yet".to_owned()),
            Some(stack) if stack.state() != StackState::Succeeded => (
                Why::NotWell,
                format!("the last operation on the stack ended as {}", stack.state_word()),
            ),
            Some(stack) if stack.tag(tags::HASH) != Some(&hash) => {
                (Why::Changed, "template or parameters differ".to_owned())
            }
            Some(_) => match &observed.cluster {
                None => (
                    Why::Gone,
                    "it is gone, though the stack says that it was made".to_owned(),
                ),
                Some(cluster) => match cluster.failed() {
                    Some(state) => (Why::ClusterFailed, format!("the managed cluster is {state}")),
                    None if force => (Why::Forced, "everything is put again, as asked".to_owned()),
                    None => return None,
                },
            },
        };
        let created = self.created(observed);
        let kept = observed
            .cluster
            .as_ref()
            .map_or_else(|| Kept::of_new(self.settings), ManagedCluster::kept);
        let mut parameters =
            parameters::parameters(self.scope, self.session.provider, self.settings, created, &kept);
        if let Some(stack) = &observed.stack {
            parameters::write_ids_as_before(&mut parameters, &stack.properties.parameters);
        }
        let tags = [
            (tags::MANAGED_BY, tags::MANAGED_BY_KOMPOX.to_owned()),
            (tags::CLUSTER, self.scope.path()),
            (tags::CREATED, created.to_string()),
            (tags::HASH, hash),
        ];
        let ours = tags.into_iter().map(|(name, value)| (name.to_owned(), value));
        let foreign = observed
            .stack
            .iter()
            .flat_map(|stack| foreign_tags_of_stack(&stack.tags));
        Some(Todo {
            parameters: Value::Object(parameters),
            tags: foreign.chain(ours).collect(),
            description: format!("kompoxops: cluster {}", self.scope.path()),
            why,
            reason,
        })
    }

    /// The ULID of the cluster: the one it has, as stack or group tell, else a new one.
    fn created(&self, observed: &ObservedCluster) -> Ulid {
        let of_stack = observed.stack.as_ref().and_then(|stack| stack.tag(tags::CREATED));
        let of_group = observed
            .group
            .as_ref()
            .filter(|group| belongs_to_cluster(&group.tags, &self.scope.path()))
            .and_then(|group| tag(&group.tags, tags::CREATED));
        of_stack
            .and_then(|text| text.parse().ok())
            .or_else(|| of_group.and_then(|text| text.parse().ok()))
            .unwrap_or_else(|| self.session.cx.next_ulid(None))
    }

    /// What putting it would change: as Azure validates it, and as it differs from what was put last.
    ///
    /// # Errors
    /// What Azure finds wrong with it, as a tree.
    pub(crate) async fn planned(&self, observed: &ObservedCluster, todo: &Todo) -> Result<Plan> {
        let differs = observed
            .stack
            .as_ref()
            .filter(|stack| todo.tags.get(tags::HASH).map(String::as_str) != stack.tag(tags::HASH));
        let (valid, exported) = futures::join!(self.validate(todo), async {
            match differs {
                Some(_) => self.stack.export(self.session).await,
                None => Ok(None),
            }
        });
        valid?;
        // Only to say what differs: that something does is known.
        let exported = exported.unwrap_or_else(|error| {
            tracing::debug!(stack = self.stack.name, %error, "the template of the stack cannot be read");
            None
        });
        let inputs = differs
            .map(|stack| self.inputs(stack, todo, exported.as_ref()))
            .unwrap_or_default();
        let changes = self.changes(observed, todo, &inputs);
        Ok(Plan { changes, inputs })
    }

    async fn validate(&self, todo: &Todo) -> Result<()> {
        let step = self
            .session
            .cx
            .begin(format!("validate deployment stack {}", self.stack.name));
        let input = todo.input(&self.session.provider.location);
        let result = self.stack.validate(self.session, &input, &step).await;
        match step.end(result).map_err(to_domain)? {
            None => Ok(()),
            Some(finding) => Err(self.found(&finding)),
        }
    }

    fn found(&self, finding: &ErrorDetail) -> kompox_domain::Error {
        let root = failure::of_findings(
            finding,
            &self.stack.path(),
            Some(self.session.arm.correlation_id()),
        );
        failure::error(
            &format!("Azure would not accept cluster {}", self.scope.id.cluster),
            root,
        )
    }

    fn inputs(&self, stack: &Stack, todo: &Todo, exported: Option<&Value>) -> Vec<InputChange> {
        let mut hidden: BTreeSet<&str> = document::secure().collect();
        // None of them stands in a configuration.
        hidden.extend(["created", "keepIdentity", foreign_tags::PARAMETER]);
        let keeps_version = self.settings.kubernetes_version.is_none();
        let upgrades = &self.settings.upgrades;
        let kept = [
            ("upgradeChannel", upgrades.channel.is_none()),
            (
                "nodeOsUpgradeChannel",
                upgrades.node_os_channel.is_none()
                    && upgrades
                        .channel
                        .and_then(upgrade_channels::brought_along)
                        .is_none(),
            ),
            ("networkPolicy", self.settings.network_policy.is_none()),
            ("networkDataplane", self.settings.network_policy.is_none()),
        ];
        let chosen = |leaf: &str| {
            let of_pool = matches!(diff::top(leaf), "systemPool" | "userPools");
            // What runs is kept, and no difference that somebody made in the settings.
            (of_pool && (leaf.ends_with(".count") || leaf.contains(&format!(".{}", foreign_tags::OF_POOL))))
                || kept.contains(&(leaf, true))
                || (keeps_version && (leaf == "kubernetesVersion" || (of_pool && leaf.ends_with(".version"))))
        };
        let empty = serde_json::Map::new();
        let ours = todo.parameters.as_object().unwrap_or(&empty);
        let mut inputs = diff::parameters(&stack.properties.parameters, ours, &hidden, chosen);
        if let Some(exported) = exported {
            inputs.extend(diff::template(exported, document::template()));
        }
        if inputs.is_empty() {
            // Something differs that is not shown: a secret, or what somebody wrote over the tag.
            inputs.push(InputChange {
                name: tags::HASH.to_owned(),
                from: stack.tag(tags::HASH).map(str::to_owned),
                to: todo.tags.get(tags::HASH).cloned(),
            });
        }
        inputs
    }

    fn changes(&self, observed: &ObservedCluster, todo: &Todo, inputs: &[InputChange]) -> Vec<Change> {
        let there: BTreeSet<String> = observed
            .stack
            .iter()
            .flat_map(|stack| &stack.properties.resources)
            .map(|resource| resource.id.to_lowercase())
            .collect();
        let touched = diff::touched(document::template(), inputs);
        let expected = self.expected(observed);
        let mut all: Vec<Change> = expected
            .iter()
            .filter_map(|id| self.change(id, observed, todo, &there, inputs, &touched))
            .collect();
        all.extend(change_of_roles(observed, todo, &touched));
        let kept = |id: &str| expected.iter().any(|expected| expected.eq_ignore_ascii_case(id));
        let resources = observed
            .stack
            .iter()
            .flat_map(|stack| &stack.properties.resources);
        all.extend(
            resources
                .filter(|resource| !kept(&resource.id))
                .filter_map(|resource| leaving(&resource.id)),
        );
        // Something is put, though none of its parts tells why.
        if !all.iter().any(|change| change.action != ChangeAction::Keep) {
            all.push(Change {
                action: ChangeAction::Update,
                resource: self.stack.path(),
                reason: todo.reason.clone(),
            });
        }
        all
    }

    fn change(
        &self,
        id: &str,
        observed: &ObservedCluster,
        todo: &Todo,
        there: &BTreeSet<String>,
        inputs: &[InputChange],
        touched: &BTreeMap<String, String>,
    ) -> Option<Change> {
        let kind = split(id).map(|(kind, _)| kind.to_lowercase()).unwrap_or_default();
        let of_cluster = kind.starts_with(&CLUSTERS.to_lowercase());
        let (action, reason) = match todo.why {
            Why::Gone if of_cluster => (ChangeAction::Create, todo.reason.clone()),
            // The group is there; whether what it holds is complete, nobody knows.
            _ if observed.stack.is_none() && observed.group.is_some() => {
                if is_kind(id, GROUPS) {
                    return None;
                }
                (ChangeAction::Create, "in no deployment stack yet".to_owned())
            }
            _ if !there.contains(&id.to_lowercase()) => (ChangeAction::Create, "not there yet".to_owned()),
            Why::ClusterFailed if is_kind(id, CLUSTERS) => (ChangeAction::Update, todo.reason.clone()),
            Why::Changed => {
                let mut reason = format!("changed: {}", touched.get(&kind)?);
                if is_kind(id, CLUSTERS) {
                    for follows in self.follows(observed, inputs) {
                        reason = format!("{reason}; {follows}");
                    }
                }
                (ChangeAction::Update, reason)
            }
            _ => return None,
        };
        Some(Change {
            action,
            resource: id.to_owned(),
            reason,
        })
    }

    /// Whether the nodes are to reach the outside in another way.
    pub(crate) fn migrates_egress(&self, cluster: &ManagedCluster) -> bool {
        let is = cluster.outbound_type();
        is.is_some_and(|is| !is.eq_ignore_ascii_case(self.settings.outbound_type))
    }

    /// What a change of a cluster that is there does besides, for who has to choose the hour.
    fn follows(&self, observed: &ObservedCluster, inputs: &[InputChange]) -> Vec<String> {
        let mut follows: Vec<String> = Vec::new();
        let Some(cluster) = &observed.cluster else {
            return follows;
        };
        if self.migrates_egress(cluster) {
            follows.push(egress::DISRUPTS.to_owned());
            let (is, will) = (
                cluster.outbound_type().unwrap_or_default(),
                self.settings.outbound_type,
            );
            if egress::refused(cluster.has_own_network(), will, is).is_some() {
                follows.push(format!("AKS does not take a cluster back from {will} to {is}"));
            }
        }
        if self.gives_up_zone(cluster) {
            follows.push("AKS may drain the nodes for it at once".to_owned());
            follows.push("AKS does not give the cluster a zone again".to_owned());
        }
        // learn.microsoft.com/azure/aks/http-proxy
        let of_proxy = |input: &InputChange| ["noProxy", "proxyCa"].contains(&diff::top(&input.name));
        if inputs.iter().any(of_proxy) {
            follows.push("AKS gives all nodes a new image for it at once, which drains them".to_owned());
        }
        follows.extend(network_policy::cost_of_change(
            self.settings.network_policy,
            cluster.network_policy(),
        ));
        follows
    }

    /// Whether the cluster acts as the identity that the template made for it, also where it needs none any more.
    fn keeps_own_identity(&self, observed: &ObservedCluster) -> bool {
        let ours = own_identity(
            &self.session.provider.subscription,
            &self.settings.group,
            &self.scope.path(),
        );
        let given = observed
            .cluster
            .as_ref()
            .and_then(|cluster| cluster.given_identity());
        let same = given
            .zip(ours)
            .is_some_and(|(given, ours)| given.eq_ignore_ascii_case(&ours));
        same && self.settings.identity.is_none()
    }

    /// The resources that there will be, by id. Those whose names follow from what is known only later (role
    /// assignments), and what hangs on others (diagnostic settings and the like), are not among them.
    pub(crate) fn expected(&self, observed: &ObservedCluster) -> Vec<String> {
        let group = self.group_path();
        let names = Names::new(
            &self.session.provider.subscription,
            &self.settings.group,
            &self.scope.path(),
        );
        let mut all = Vec::new();
        if !self.settings.adopt {
            all.push(group.clone());
        }
        let own_zone = self.settings.own_dns_zone().is_some();
        let needs_identity = (own_zone || self.settings.subnet.is_some()) && self.settings.identity.is_none();
        let makes_identity = needs_identity || self.keeps_own_identity(observed);
        let named = [
            ("vault", "Microsoft.KeyVault/vaults", true),
            ("workspace", "Microsoft.OperationalInsights/workspaces", true),
            ("collectionRule", "Microsoft.Insights/dataCollectionRules", true),
            (
                "applicationInsights",
                "Microsoft.Insights/components",
                self.settings.application_insights,
            ),
            ("registry", "Microsoft.ContainerRegistry/registries", true),
            ("ingressIdentity", IDENTITIES, true),
            ("clusterIdentity", IDENTITIES, makes_identity),
            ("cluster", CLUSTERS, true),
        ];
        for (what, kind, wanted) in named {
            if let Some(name) = names.of(what).filter(|_| wanted) {
                all.push(format!("{group}/providers/{kind}/{name}"));
            }
        }
        all.extend(self.expected_windows());
        if let Some(cluster) = names.of("cluster") {
            let pool = |(name, _)| format!("{group}/providers/{CLUSTERS}/{cluster}/agentPools/{name}");
            all.extend(self.settings.user_pools().into_iter().map(pool));
        }
        all
    }
}

/// Role assignments are told in one line: their names say nothing to anybody.
fn change_of_roles(
    observed: &ObservedCluster,
    todo: &Todo,
    touched: &BTreeMap<String, String>,
) -> Option<Change> {
    let (action, reason) = match (&observed.stack, todo.why) {
        (None, _) => (ChangeAction::Create, "not there yet".to_owned()),
        (Some(_), Why::Changed) => {
            let inputs = touched.get(&ROLE_ASSIGNMENTS.to_lowercase())?;
            (ChangeAction::Update, format!("changed: {inputs}"))
        }
        _ => return None,
    };
    Some(Change {
        action,
        resource: "role assignments".to_owned(),
        reason,
    })
}

/// What becomes of a resource that is in the stack and not expected.
fn leaving(id: &str) -> Option<Change> {
    let (kind, _) = split(id)?;
    let (action, reason) = if is_kind(id, GROUPS) {
        (
            ChangeAction::Keep,
            "no longer in the template: the stack lets it go, and it stays",
        )
    } else if FOLLOWING.iter().any(|known| known.eq_ignore_ascii_case(&kind)) {
        return None;
    } else {
        (ChangeAction::Delete, "no longer in the template")
    };
    Some(Change {
        action,
        resource: id.to_owned(),
        reason: reason.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_leaves_the_template_is_deleted_but_a_group_stays_and_roles_are_not_guessed_at() {
        let group = "/subscriptions/s/resourceGroups/g";
        let of = |id: String| leaving(&id).map(|change| change.action);
        assert_eq!(of(group.to_owned()), Some(ChangeAction::Keep));
        assert_eq!(
            of(format!("{group}/providers/Microsoft.Insights/components/a")),
            Some(ChangeAction::Delete)
        );
        let role = format!(
            "{group}/providers/Microsoft.KeyVault/vaults/v/providers/Microsoft.Authorization/roleAssignments/r"
        );
        assert_eq!(of(role), None);
    }
}
