//! What an undisturbed call must do.

use kompox_domain::ErrorKind;

use super::journal::Still;
use super::scenario::Action;

/// What a call must report, and how things must stand after it. `None` where the model does not know: copies of
/// what is not in a good state.
pub(crate) fn foretell(before: &Still, action: Action) -> Option<(Result<(), ErrorKind>, Still)> {
    let mut after = before.clone();
    let result = apply(&mut after, action)?;
    if result.is_err() {
        after = before.clone();
    }
    Some((result, after))
}

/// The same result, and the same state but for when something was flagged.
pub(crate) fn agrees(
    foretold: &(Result<(), ErrorKind>, Still),
    result: &Result<(), ErrorKind>,
    now: &Still,
) -> bool {
    let (wanted, state) = foretold;
    let flagged = state.flagged.keys().eq(now.flagged.keys());
    wanted == result
        && flagged
        && (&state.winner, &state.disks, &state.attached) == (&now.winner, &now.disks, &now.attached)
        && (&state.snapshots, &state.others) == (&now.snapshots, &now.others)
}

fn apply(state: &mut Still, action: Action) -> Option<Result<(), ErrorKind>> {
    // What was never made is gone on with, or refused, by what it was made from, which is not kept here.
    let is_broken = match action {
        Action::Create(disk, _)
        | Action::Restore(_, disk)
        | Action::RestoreAssign(_, disk)
        | Action::Assign(disk) => state.broken.contains(disk),
        Action::Snapshot(name, _) => state.broken.contains(&format!("snapshot {name}")),
        _ => false,
    };
    if is_broken {
        return None;
    }
    let is_free = |state: &Still, disk: &str| {
        if state.disks.contains_key(disk) {
            Err(ErrorKind::Conflict)
        } else {
            Ok(())
        }
    };
    let source = |state: &Still, disk: &str| match state.disks.get(disk) {
        None => Some(Err(ErrorKind::NotFound)),
        Some(_) if state.broken.contains(disk) => None,
        Some(_) => Some(Ok(())),
    };
    let snapshot_source = |state: &Still, name: &str| match state.snapshots.get(name) {
        None => Some(Err(ErrorKind::NotFound)),
        Some(_) if state.broken.contains(&format!("snapshot {name}")) => None,
        Some(_) => Some(Ok(())),
    };
    Some(match action {
        Action::List => Ok(()),
        Action::Create(disk, from) => {
            let mut result = is_free(state, disk);
            if let (Ok(()), Some(from)) = (&result, from) {
                result = source(state, from)?;
            }
            if result.is_ok() {
                state.disks.insert(disk.to_owned(), None);
            }
            result
        }
        Action::Assign(disk) => assign(state, disk),
        Action::Delete(disk, force) => {
            if !state.disks.contains_key(disk) {
                Ok(())
            } else if state.attached.contains(disk) || (state.winner.as_deref() == Some(disk) && !force) {
                Err(ErrorKind::Precondition)
            } else {
                // Flags of a lost race may be left: then the next one leads, which the caller's eyes must tell.
                state.disks.remove(disk);
                state.flagged.remove(disk);
                if state.winner.as_deref() == Some(disk) {
                    if !state.flagged.is_empty() {
                        return None;
                    }
                    state.winner = None;
                }
                Ok(())
            }
        }
        Action::Snapshot(name, from) => {
            if state.snapshots.contains(name) {
                Err(ErrorKind::Conflict)
            } else {
                let from = from.map(str::to_owned).or_else(|| state.winner.clone());
                let result = match from {
                    Some(from) => source(state, &from)?,
                    None => Err(ErrorKind::NotFound),
                };
                if result.is_ok() {
                    state.snapshots.insert(name.to_owned());
                }
                result
            }
        }
        Action::DeleteSnapshot(name) => {
            state.snapshots.remove(name);
            Ok(())
        }
        Action::Restore(name, disk) | Action::RestoreAssign(name, disk) => {
            let mut result = is_free(state, disk);
            // Whether it goes on with the disk depends on what it was made from, which is not kept here.
            if result.is_err() && action.assigns().is_some() {
                return None;
            }
            if result.is_ok() {
                result = snapshot_source(state, name)?;
            }
            if result.is_ok() {
                state.disks.insert(disk.to_owned(), None);
                if action.assigns().is_some() {
                    return Some(assign(state, disk));
                }
            }
            result
        }
    })
}

fn assign(state: &mut Still, disk: &str) -> Result<(), ErrorKind> {
    if !state.disks.contains_key(disk) {
        return Err(ErrorKind::NotFound);
    }
    state.winner = Some(disk.to_owned());
    state.flagged.retain(|name, _| name == disk);
    state.flagged.entry(disk.to_owned()).or_default();
    Ok(())
}
