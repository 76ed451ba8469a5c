//! What every verb does before it calls the driver, and what it says when the end is unclear.

use kompox_domain::hint::Command;
use kompox_domain::progress::WarningKind;
use kompox_domain::{
    AppScope, Argument, Context, Error, ErrorKind, Hint, Operation, Result, Volume, VolumeDisk, VolumeDriver,
    VolumeName, WriteOutcome, suggest,
};

/// How many names an error lists before it only counts.
const LISTED: usize = 10;

/// The volume of that name.
pub(crate) fn volume<'a>(app: &'a AppScope, name: &VolumeName) -> Result<&'a Volume> {
    app.app.volume(name).ok_or_else(|| {
        let known: Vec<&str> = app
            .app
            .volumes
            .iter()
            .map(|volume| volume.name.as_str())
            .collect();
        Error::new(
            ErrorKind::NotFound,
            format!("app {} has no volume {name}", app.app.id),
        )
        .with_hint(candidates("volumes", name.as_str(), &known))
    })
}

/// The volumes of the app that the driver has a kind for, and what it says about each of the others.
///
/// Asked one by one, and without I/O: a listing that names one volume the driver does not have fails as a
/// whole, and would take the others with it.
pub(crate) fn split_by_kind(
    driver: &dyn VolumeDriver,
    app: &AppScope,
) -> (Vec<Volume>, Vec<(VolumeName, Error)>) {
    let mut served = Vec::new();
    let mut refused = Vec::new();
    for volume in &app.app.volumes {
        match driver.volume_class(app, volume) {
            Ok(_) => served.push(volume.clone()),
            Err(error) => refused.push((volume.name.clone(), error)),
        }
    }
    (served, refused)
}

/// `did you mean db? volumes: db, data`.
pub(crate) fn candidates(what: &str, written: &str, known: &[&str]) -> String {
    let list = list(what, known);
    match suggest::nearest(written, known.iter().copied()) {
        Some(nearest) => format!("did you mean {nearest}? {list}"),
        None => list,
    }
}

/// `volumes: db, data`, shortened where there are many.
pub(crate) fn list(what: &str, known: &[&str]) -> String {
    if known.is_empty() {
        return format!("there are no {what}");
    }
    let shown: Vec<&str> = known.iter().copied().take(LISTED).collect();
    let shown = shown.join(", ");
    match known.len().saturating_sub(LISTED) {
        0 => format!("{what}: {shown}"),
        more => format!("{what}: {shown} and {more} more"),
    }
}

/// What is wrong with a volume whose disks are all out of use.
pub(crate) const NONE_ASSIGNED: &str = "disks of which none is assigned";

/// The error of a volume of which only the user can tell which of these disks is meant: it has `what`.
pub(crate) fn choose_disk(volume: &Volume, disks: &[&VolumeDisk], what: &str) -> Error {
    let names: Vec<String> = disks.iter().map(|disk| disk.record.name.to_string()).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let assign = on(Operation::DiskAssign, &volume.name).with(Argument::Name("<disk>".into()));
    Error::new(
        ErrorKind::Precondition,
        format!("volume {} has {what} ({})", volume.name, list("disks", &names)),
    )
    .with_hint(Hint::command("choose one", assign))
}

/// An operation on this volume, for a hint.
pub(crate) fn on(operation: Operation, volume: &VolumeName) -> Command {
    operation.with(Argument::Volume(volume.to_string().into()))
}

/// The error of making something that may exist all the same, under a name the user may not have chosen.
pub(crate) fn cannot_make(
    error: Error,
    outcome: WriteOutcome,
    what: &str,
    name: &str,
    volume: &VolumeName,
    list: Operation,
) -> Error {
    let error = error.with_outcome(outcome);
    if outcome == WriteOutcome::NotDone {
        return error.context(format!("cannot {what}"));
    }
    let error = match error.kind() {
        // The cloud has told how it ended.
        ErrorKind::Failed => error.context(format!("cannot {what}")),
        _ => error.context(format!("cannot tell whether this was done: {what}")),
    };
    error.and_hint(Hint::command(
        format!("see whether {name} exists"),
        on(list, volume),
    ))
}

/// The error of something that may be done all the same, and that can simply be done again.
pub(crate) fn cannot_repeatable(error: Error, outcome: WriteOutcome, what: &str) -> Error {
    let error = error.with_outcome(outcome);
    if outcome == WriteOutcome::NotDone {
        return error.context(format!("cannot {what}"));
    }
    let error = error.context(format!("cannot tell whether this was done: {what}"));
    // Where somebody else did something else at the same time, whoever found that says what to do: to repeat it
    // would undo that.
    if error.kind() == ErrorKind::Conflict && !error.hints().is_empty() {
        return error;
    }
    error.and_hint("run the command again: it goes on where it stopped")
}

/// The volumes that a listing is about: the one named, or all that the driver has a kind for.
///
/// A volume that was not named and cannot be listed is a warning. Where nothing would be left it is the error.
pub(crate) fn listed(
    driver: &dyn VolumeDriver,
    cx: &Context,
    app: &AppScope,
    name: Option<&VolumeName>,
) -> Result<Vec<Volume>> {
    if let Some(name) = name {
        return Ok(vec![volume(app, name)?.clone()]);
    }
    let (served, mut refused) = split_by_kind(driver, app);
    if served.is_empty() && !refused.is_empty() {
        return Err(refused.swap_remove(0).1);
    }
    for (volume, error) in &refused {
        cx.warn(
            WarningKind::Ignored,
            format!("volume {volume} is left out: {error}"),
        );
    }
    Ok(served)
}
