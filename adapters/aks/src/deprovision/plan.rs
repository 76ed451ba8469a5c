//! What deprovisioning would delete, keep, and stop at: decided from what was found, without a request.

use std::collections::BTreeSet;

use kompox_domain::cluster::{Change, ChangeAction, Plan};
use kompox_domain::{Argument, Error, ErrorKind, Hint, Result};

use super::inventory::{DeletedVault, Found, Inventory, ManagedStack, below, holds_data, same};
use super::side_products;

/// What would be done, in order.
pub(crate) fn plan(inventory: &Inventory, allowed: &[String]) -> Plan {
    let mut changes = Vec::new();
    let allow = Allowed::new(allowed);
    let mut push = |action, resource: &str, reason: String| {
        changes.push(Change {
            action,
            resource: resource.to_owned(),
            reason,
        });
    };
    for assignment in &inventory.assignments {
        let reason = "role assignment that kompoxops made outside the stack".to_owned();
        push(ChangeAction::Delete, &assignment.id, reason);
    }
    if let Some(stack) = &inventory.stack {
        let goes = inventory.group_goes();
        for found in &inventory.resources {
            let (action, reason) = fate_of(found, inventory, stack, goes, &allow);
            push(action, &found.id, reason);
        }
        let listed: BTreeSet<String> = inventory
            .resources
            .iter()
            .map(|found| found.id.to_lowercase())
            .collect();
        for id in &stack.resources {
            // Nested deployments are records, not resources that anybody pays for.
            if !listed.contains(&id.to_lowercase()) && !same(id, &inventory.group) {
                push(ChangeAction::Delete, id, "managed by the stack".to_owned());
            }
        }
        for found in &inventory.node_data {
            if allow.holds(&found.id) {
                push(
                    ChangeAction::Delete,
                    &found.id,
                    "goes along with the nodes, as told".to_owned(),
                );
            } else {
                let reason = "holds data, and would go along with the nodes".to_owned();
                push(ChangeAction::Block, &found.id, reason);
            }
        }
        for lock in &inventory.locks {
            let reason = format!(
                "lock {} keeps what it is on from being deleted; remove it first",
                lock.level
            );
            push(ChangeAction::Block, &lock.id, reason);
        }
        if goes && inventory.group_tags.is_some() {
            let reason = "resource group, with everything in it".to_owned();
            push(ChangeAction::Delete, &inventory.group, reason);
        } else if inventory.group_tags.is_some() {
            let reason = "resource group that is used, not owned".to_owned();
            push(ChangeAction::Keep, &inventory.group, reason);
        }
        push(
            ChangeAction::Delete,
            &stack.id,
            "the Deployment Stack itself".to_owned(),
        );
    }
    for vault in &inventory.vaults {
        push_vault(&mut push, vault);
    }
    Plan {
        changes,
        inputs: Vec::new(),
    }
}

fn push_vault(push: &mut impl FnMut(ChangeAction, &str, String), vault: &DeletedVault) {
    if vault.protected {
        let until = vault.purged_at.as_deref().unwrap_or("Azure purges it");
        let reason = format!(
            "deleted vault whose purge protection holds the name {} until {until}",
            vault.name
        );
        push(ChangeAction::Keep, &vault.id, reason);
    } else {
        let reason = format!("deleted vault that holds the name {}: purged", vault.name);
        push(ChangeAction::Delete, &vault.id, reason);
    }
}

/// What becomes of one resource of the group.
fn fate_of(
    found: &Found,
    inventory: &Inventory,
    stack: &ManagedStack,
    group_goes: bool,
    allow: &Allowed,
) -> (ChangeAction, String) {
    let managed = stack
        .resources
        .iter()
        .any(|id| same(id, &found.id) || below(&found.id, id) && !same(id, &inventory.group));
    let allowed = allow.holds(&found.id);
    if holds_data(&found.kind) {
        return match (group_goes || managed, allowed) {
            (false, _) => (
                ChangeAction::Keep,
                "stays in a group that is used, not owned".to_owned(),
            ),
            (true, true) => (ChangeAction::Delete, "holds data; goes along, as told".to_owned()),
            (true, false) => (ChangeAction::Block, "holds data".to_owned()),
        };
    }
    if managed {
        let reason = match found.kind.as_str() {
            "microsoft.keyvault/vaults" => {
                "managed by the stack; then purged, unless it is protected, so that its name is free"
            }
            _ => "managed by the stack",
        };
        return (ChangeAction::Delete, reason.to_owned());
    }
    if let Some(reason) = side_products::tie(found, &inventory.resources, &stack.resources) {
        return if group_goes {
            (ChangeAction::Delete, reason)
        } else {
            (
                ChangeAction::Keep,
                format!("{reason}; it stays, since the group does"),
            )
        };
    }
    match (group_goes, allowed) {
        (false, _) => (
            ChangeAction::Keep,
            "foreign, in a group that is used, not owned".to_owned(),
        ),
        (true, true) => (ChangeAction::Delete, "foreign; goes along, as told".to_owned()),
        (true, false) => (
            ChangeAction::Block,
            "foreign: neither the stack nor Azure made it for this cluster".to_owned(),
        ),
    }
}

/// What the caller lets go along.
struct Allowed(BTreeSet<String>);

impl Allowed {
    fn new(ids: &[String]) -> Self {
        Self(
            ids.iter()
                .map(|id| id.trim_end_matches('/').to_lowercase())
                .collect(),
        )
    }

    fn holds(&self, id: &str) -> bool {
        self.0.contains(&id.to_lowercase())
    }
}

/// Refuses a plan that something stands in the way of.
///
/// # Errors
/// `Precondition` that names what, and the flags that let it go.
pub(crate) fn require_clear(plan: &Plan) -> Result<()> {
    let blocks: Vec<&Change> = plan.of(ChangeAction::Block).collect();
    if blocks.is_empty() {
        return Ok(());
    }
    let named: Vec<String> = blocks
        .iter()
        .map(|change| format!("{} ({})", change.resource, change.reason))
        .collect();
    let (locks, others): (Vec<&&Change>, Vec<&&Change>) = blocks.iter().partition(|change| {
        change
            .resource
            .to_lowercase()
            .contains("/microsoft.authorization/locks/")
    });
    let mut hints = Vec::new();
    if !locks.is_empty() {
        hints.push(Hint::text("remove the locks"));
    }
    if !others.is_empty() {
        let allow = others
            .iter()
            .map(|change| Argument::AllowDelete(change.resource.clone().into()));
        hints.push(Hint::arguments(
            "move what must be kept, or let it go along",
            allow.collect(),
        ));
    }
    Err(Error::new(
        ErrorKind::Precondition,
        format!(
            "{} in the way of deprovisioning: {}",
            count(blocks.len()),
            named.join(", ")
        ),
    )
    .with_hints(hints))
}

fn count(number: usize) -> String {
    match number {
        1 => "one resource stands".to_owned(),
        number => format!("{number} resources stand"),
    }
}

#[cfg(test)]
mod tests {
    use kompox_domain::tags;

    use super::*;
    use crate::deprovision::inventory::Lock;
    use crate::deprovision::ownership::prove;
    use crate::tags::Tags;

    const GROUP: &str = "/subscriptions/s/resourceGroups/rg";
    const STACK: &str = "/subscriptions/s/providers/Microsoft.Resources/deploymentStacks/k";
    const PATH: &str = "ws/prv/cls";

    fn owned(created: &str) -> Tags {
        [(tags::CLUSTER, PATH), (tags::CREATED, created)]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into()
    }

    fn id(kind: &str, name: &str) -> String {
        format!("{GROUP}/providers/{kind}/{name}")
    }

    fn found(kind: &str, name: &str) -> Found {
        Found {
            id: id(kind, name),
            kind: kind.to_lowercase(),
            about: vec![],
        }
    }

    /// A cluster of ours whose vault is all there is.
    fn ours() -> Inventory {
        let stack = ManagedStack {
            id: STACK.to_owned(),
            tags: owned("01"),
            resources: vec![
                GROUP.to_uppercase().replace("SUBSCRIPTIONS", "subscriptions"),
                id("Microsoft.KeyVault/vaults", "KV"),
            ],
        };
        Inventory {
            stack: Some(stack),
            group: GROUP.to_owned(),
            group_tags: Some(owned("01")),
            resources: vec![found("Microsoft.KeyVault/vaults", "kv")],
            ..Inventory::default()
        }
    }

    fn actions(inventory: &Inventory, allowed: &[String]) -> Vec<(ChangeAction, String)> {
        let changes = plan(inventory, allowed).changes.into_iter();
        changes
            .map(|change| {
                (
                    change.action,
                    change
                        .resource
                        .rsplit('/')
                        .next()
                        .unwrap_or_default()
                        .to_lowercase(),
                )
            })
            .collect()
    }

    fn action_of(inventory: &Inventory, allowed: &[String], name: &str) -> ChangeAction {
        let actions = actions(inventory, allowed);
        actions
            .iter()
            .find(|(_, resource)| resource == name)
            .unwrap_or_else(|| panic!("{actions:?}"))
            .0
    }

    #[test]
    fn what_the_stack_manages_goes_and_then_the_group_and_the_stack() {
        let actions = actions(&ours(), &[]);
        let delete = |name: &str| (ChangeAction::Delete, name.to_owned());
        assert_eq!(actions, [delete("kv"), delete("rg"), delete("k")]);
        assert!(prove(&ours(), PATH).is_ok());
        let planned = plan(&ours(), &[]);
        assert!(planned.changes[0].reason.contains("then purged"), "{planned:?}");
    }

    #[test]
    fn what_lies_in_something_that_the_stack_manages_is_managed_too_and_what_only_begins_like_it_is_not() {
        for (id, parent, expected) in [
            ("/a/b/c", "/a/b", true),
            ("/A/B/c", "/a/b", true),
            ("/a/b", "/a/b", false),
            ("/a", "/a/b", false),
            ("/a/bc", "/a/b", false),
            ("/a/c/d", "/a/b", false),
            // Where the other one ends, a letter does not.
            ("/a/é/c", "/a/b", false),
        ] {
            assert_eq!(below(id, parent), expected, "{id} {parent}");
        }
        let mut inventory = ours();
        inventory
            .resources
            .push(found("Microsoft.KeyVault/vaults", "kv/secrets/s"));
        inventory
            .resources
            .push(found("Microsoft.KeyVault/vaults", "kv2"));
        assert_eq!(action_of(&inventory, &[], "s"), ChangeAction::Delete);
        assert_eq!(action_of(&inventory, &[], "kv2"), ChangeAction::Block);
    }

    #[test]
    fn b35_ownership_is_proved_by_the_tags_of_stack_and_group_or_nothing_is_deleted() {
        let with = |stack: Tags, group: Option<Tags>| {
            let mut inventory = ours();
            inventory.stack.as_mut().unwrap().tags = stack;
            inventory.group_tags = group;
            prove(&inventory, PATH).map_err(|error| error.kind())
        };
        let refused = Err(ErrorKind::Precondition);
        assert_eq!(with(owned("01"), Some(owned("02"))), refused);
        assert_eq!(with(owned("01"), Some(Tags::new())), refused);
        assert_eq!(with(Tags::new(), Some(owned("01"))), refused);
        let mut other = owned("01");
        other.insert(tags::CLUSTER.to_owned(), "ws/prv/CLS".to_owned());
        assert_eq!(with(other.clone(), Some(owned("01"))), refused);
        assert_eq!(with(owned("01"), Some(other)), refused);
        let mut without = owned("01");
        without.remove(tags::CREATED);
        assert_eq!(with(without.clone(), Some(without)), refused);
        assert_eq!(with(owned("01"), None), Ok(()));
    }

    #[test]
    fn a_group_with_our_tag_and_no_stack_is_nobody_s_to_delete() {
        let mut inventory = ours();
        inventory.stack = None;
        assert_eq!(
            prove(&inventory, PATH).unwrap_err().kind(),
            ErrorKind::Precondition
        );
        inventory.group_tags = Some(Tags::new());
        assert!(prove(&inventory, PATH).is_ok());
        assert!(plan(&inventory, &[]).changes.is_empty());
    }

    #[test]
    fn what_is_foreign_or_holds_data_blocks_until_it_is_named() {
        let mut inventory = ours();
        inventory.resources.push(found("Microsoft.Web/sites", "Shop"));
        inventory.resources.push(found("Microsoft.Compute/disks", "d"));
        inventory
            .node_data
            .push(found("Microsoft.Compute/snapshots", "pvc"));
        for name in ["shop", "d", "pvc"] {
            assert_eq!(action_of(&inventory, &[], name), ChangeAction::Block, "{name}");
        }
        let error = require_clear(&plan(&inventory, &[])).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Precondition);
        let text = error.to_string();
        assert!(
            text.starts_with("3 resources stand in the way of deprovisioning: /"),
            "{text}"
        );
        let hints = format!("{:?}", error.hints());
        for found in inventory.resources.iter().skip(1).chain(&inventory.node_data) {
            assert!(hints.contains(&format!("AllowDelete({:?})", found.id)), "{hints}");
        }
        let mut allowed = vec![
            id("microsoft.web/SITES", "shop"),
            id("Microsoft.Compute/disks", "d"),
        ];
        assert_eq!(action_of(&inventory, &allowed, "shop"), ChangeAction::Delete);
        assert_eq!(action_of(&inventory, &allowed, "pvc"), ChangeAction::Block);
        allowed.push(id("Microsoft.Compute/snapshots", "pvc"));
        assert!(require_clear(&plan(&inventory, &allowed)).is_ok());
    }

    #[test]
    fn even_a_disk_that_the_stack_manages_blocks() {
        let mut inventory = ours();
        inventory.resources.push(found("Microsoft.Compute/disks", "d"));
        let disk = id("Microsoft.Compute/disks", "d");
        inventory.stack.as_mut().unwrap().resources.push(disk.clone());
        assert_eq!(action_of(&inventory, &[], "d"), ChangeAction::Block);
        assert_eq!(action_of(&inventory, &[disk], "d"), ChangeAction::Delete);
    }

    #[test]
    fn in_a_group_that_is_only_used_everything_that_is_not_ours_stays() {
        let mut inventory = ours();
        inventory.stack.as_mut().unwrap().resources.remove(0);
        inventory.group_tags = Some(Tags::new());
        inventory.resources.push(found("Microsoft.Web/sites", "shop"));
        inventory.resources.push(found("Microsoft.Compute/disks", "d"));
        assert!(prove(&inventory, PATH).is_ok());
        assert_eq!(action_of(&inventory, &[], "kv"), ChangeAction::Delete);
        for name in ["shop", "d", "rg"] {
            assert_eq!(action_of(&inventory, &[], name), ChangeAction::Keep, "{name}");
        }
        assert!(require_clear(&plan(&inventory, &[])).is_ok());
    }

    #[test]
    fn a_lock_blocks_and_no_flag_lifts_it() {
        let mut inventory = ours();
        let lock = format!("{GROUP}/providers/Microsoft.Authorization/locks/keep");
        inventory.locks.push(Lock {
            id: lock.clone(),
            level: "CanNotDelete".to_owned(),
        });
        let error = require_clear(&plan(&inventory, std::slice::from_ref(&lock))).unwrap_err();
        let text = format!("one resource stands in the way of deprovisioning: {lock} (lock CanNotDelete ");
        assert!(error.to_string().starts_with(&text), "{error}");
        assert_eq!(error.hints(), [Hint::text("remove the locks")]);
    }

    #[test]
    fn deleted_vaults_are_purged_unless_they_are_protected() {
        let mut inventory = ours();
        let vault = |name: &str, protected| DeletedVault {
            id: format!("/deletedVaults/{name}"),
            name: name.to_owned(),
            tags: owned("01"),
            protected,
            purged_at: None,
        };
        inventory.vaults = vec![vault("free", false), vault("held", true)];
        assert_eq!(action_of(&inventory, &[], "free"), ChangeAction::Delete);
        assert_eq!(action_of(&inventory, &[], "held"), ChangeAction::Keep);
    }
}
