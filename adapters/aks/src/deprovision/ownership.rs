//! The proof that stack and group are this cluster's. Without it nothing is deleted.

use kompox_domain::{Error, ErrorKind, Hint, Operation, Result, tags};

use super::inventory::Inventory;
use crate::tags::tag;

/// Refuses to go on unless it is proved that stack and group are this cluster's.
///
/// # Errors
/// `Precondition`, saying what does not agree and the way out.
pub(crate) fn prove(inventory: &Inventory, path: &str) -> Result<()> {
    let Some(stack) = &inventory.stack else {
        return prove_no_rest(inventory, path);
    };
    let of_stack = |name: &str| tag(&stack.tags, name);
    match of_stack(tags::CLUSTER) {
        Some(cluster) if cluster == path => {}
        other => {
            return Err(not_ours(
                &stack.id,
                &format!(
                    "its tag {} is {}, not {path:?}",
                    tags::CLUSTER,
                    other.map_or("missing".to_owned(), |value| format!("{value:?}"))
                ),
            ));
        }
    }
    let Some(created) = of_stack(tags::CREATED).filter(|created| !created.is_empty()) else {
        return Err(not_ours(&stack.id, &format!("it has no tag {}", tags::CREATED)));
    };
    // A group that the stack does not manage stays as it is, whoever's it is.
    let Some(group) = inventory.group_tags.as_ref().filter(|_| inventory.group_goes()) else {
        return Ok(());
    };
    for (name, expected) in [(tags::CLUSTER, path), (tags::CREATED, created)] {
        let found = tag(group, name);
        if found != Some(expected) {
            let found = found.map_or("missing".to_owned(), |value| format!("{value:?}"));
            return Err(not_ours(
                &inventory.group,
                &format!("its tag {name} is {found}, the stack's is {expected:?}"),
            ));
        }
    }
    Ok(())
}

/// Without a stack nothing proves what is in a group that carries our tags.
fn prove_no_rest(inventory: &Inventory, path: &str) -> Result<()> {
    let claimed = inventory
        .group_tags
        .as_ref()
        .is_some_and(|found| tag(found, tags::CLUSTER) == Some(path));
    if !claimed {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::Precondition,
        format!(
            "resource group {} carries this cluster's tag, but there is no Deployment Stack that says what in it is ours",
            inventory.group
        ),
    )
    .with_hints([
        Hint::command("have the stack again, and then deprovision", Operation::ClusterProvision),
        Hint::foreign("or look into the group and delete it", "az group delete"),
    ]))
}

fn not_ours(what: &str, why: &str) -> Error {
    Error::new(
        ErrorKind::Precondition,
        format!("it is not proved that {what} belongs to this cluster: {why}"),
    )
    .with_hint("nothing was deleted; correct the tag if it was changed by mistake, or delete by hand what is not needed")
}
