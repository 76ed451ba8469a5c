//! Holds what happened against what was promised.

use kompox_domain::ErrorKind;

use super::journal::{Call, Entry, Still};
use super::scenario::{Action, Racing};

/// A call with the time in which it can have had effects.
struct Span<'a> {
    action: Action,
    begin: usize,
    /// A call that did not report success may go on in Azure until all is quiet, and so may one that left something
    /// under way.
    end: usize,
    /// Whether it left something under way.
    left: bool,
    /// When it reported its result.
    told: usize,
    result: &'a Result<(), ErrorKind>,
    /// How things stood when it began.
    at_first: Still,
}

impl Span<'_> {
    fn overlaps(&self, other: &Span<'_>) -> bool {
        self.begin < other.end && other.begin < self.end
    }
}

/// Judges everything until all is quiet.
///
/// # Errors
/// The first promise that was broken.
pub fn judge(calls: &[Call], entries: &[Entry], racing: Racing) -> Result<(), String> {
    let quiet = entries
        .iter()
        .position(|entry| *entry == Entry::Quiet)
        .unwrap_or(entries.len());
    let entries = entries.get(..quiet).unwrap_or_default();
    let judge = Judge {
        entries,
        spans: spans(calls, entries),
        racing,
    };
    let mut last: Option<&Still> = None;
    // What the last loss of the assigned disk was: deleted, or cleared at this time.
    let mut cleared = None;
    for (time, entry) in entries.iter().enumerate() {
        let Entry::State(now) = entry else { continue };
        if let Some(before) = last {
            judge.step(time, before, now)?;
            if let (Some(winner), None) = (&before.winner, &now.winner) {
                cleared = now.disks.contains_key(winner).then_some((time, winner.clone()));
            }
        }
        last = Some(now);
    }
    let Some(end) = last else { return Ok(()) };
    if let (None, Some((time, winner))) = (&end.winner, cleared) {
        judge.left_without(time, &winner)?;
    }
    judge.effects(end)?;
    judge.names()
}

fn spans<'a>(calls: &[Call], entries: &'a [Entry]) -> Vec<Span<'a>> {
    let mut spans = Vec::new();
    for (number, call) in calls.iter().enumerate() {
        let begin = entries.iter().position(|entry| *entry == Entry::Begun(number));
        let end = entries.iter().enumerate().find_map(|(time, entry)| match entry {
            Entry::Ended(ended, result) if *ended == number => Some((time, result)),
            _ => None,
        });
        let (Some(begin), Some((end, result))) = (begin, end) else {
            continue;
        };
        let left = entries.contains(&Entry::Left(number));
        let at_first = entries.iter().take(begin).rev().find_map(|entry| match entry {
            Entry::State(state) => Some(Still::clone(state)),
            _ => None,
        });
        spans.push(Span {
            action: call.action,
            begin,
            end: if left || result.is_err() { usize::MAX } else { end },
            left,
            told: end,
            result,
            at_first: at_first.unwrap_or_default(),
        });
    }
    spans
}

struct Judge<'a> {
    entries: &'a [Entry],
    spans: Vec<Span<'a>>,
    racing: Racing,
}

impl Judge<'_> {
    /// Calls that can have had effects at this time.
    fn active(&self, time: usize) -> impl Iterator<Item = &Span<'_>> {
        self.spans
            .iter()
            .filter(move |span| span.begin < time && time < span.end)
    }

    fn any(&self, time: usize, is: impl Fn(&Action) -> bool) -> bool {
        self.active(time).any(|span| is(&span.action))
    }

    /// From one state to the next.
    fn step(&self, time: usize, before: &Still, now: &Still) -> Result<(), String> {
        let wrong = |what: String| Err(format!("{what}, at {time}: from {before} to {now}"));
        for name in now.disks.keys().filter(|name| !before.disks.contains_key(*name)) {
            if !self.any(time, |action| action.makes() == Some(name.as_str())) {
                return wrong(format!("disk {name} came, and nobody asked for it"));
            }
        }
        for name in before.disks.keys().filter(|name| !now.disks.contains_key(*name)) {
            if before.attached.contains(name) {
                return wrong(format!("disk {name} was attached, and is gone"));
            }
            if !self.any(time, |action| action.deletes() == Some(name.as_str())) {
                return wrong(format!("disk {name} went, and nobody asked for it"));
            }
            if before.winner.as_ref() == Some(name) && !self.may_go(time, name) {
                return wrong(format!("disk {name} was assigned, and is gone without force"));
            }
        }
        for name in now.snapshots.difference(&before.snapshots) {
            if !self.any(
                time,
                |action| matches!(action, Action::Snapshot(made, _) if made == name),
            ) {
                return wrong(format!("snapshot {name} came, and nobody asked for it"));
            }
        }
        for name in before.snapshots.difference(&now.snapshots) {
            if !self.any(
                time,
                |action| matches!(action, Action::DeleteSnapshot(gone) if gone == name),
            ) {
                return wrong(format!("snapshot {name} went, and nobody asked for it"));
            }
        }
        for (name, at) in &now.flagged {
            if before.flagged.get(name) != Some(at)
                && !self.any(time, |action| action.assigns().is_some())
                && !(name == "busy" && self.racing.marks())
            {
                return wrong(format!("disk {name} was flagged, and nobody asked for it"));
            }
        }
        for (name, tag) in &before.disks {
            if now.disks.get(name).is_some_and(|found| found != tag) {
                return wrong(format!("the user's tag of disk {name} changed"));
            }
        }
        if now.others != before.others {
            let (before, now) = (&before.others, &now.others);
            return wrong(format!("what belongs to others changed from {before} to {now}"));
        }
        match (&before.winner, &now.winner) {
            (Some(winner), None) if now.disks.contains_key(winner) && !self.may_be_cleared(time, winner) => {
                wrong(format!("disk {winner} was assigned, and none is"))
            }
            _ => Ok(()),
        }
    }

    /// An assigned disk may go by force, or if it was assigned (or made anew, as an assigned one) while it was
    /// being deleted: a deletion in Azure takes no condition.
    fn may_go(&self, time: usize, name: &str) -> bool {
        self.active(time).any(|span| match span.action {
            Action::Delete(disk, force) if disk == name => {
                force
                    || (self.racing.marks() && name == "busy")
                    || self
                        .spans
                        .iter()
                        .any(|other| other.action.assigns().is_some() && other.overlaps(span))
            }
            _ => false,
        })
    }

    /// The mark of the assigned disk may be taken away, leaving none, by an assignment of another disk which has
    /// lost its own mark to somebody since it was set (he who clears last then marks again); or where somebody
    /// makes a disk of that name who saw that there was none: what makes a disk in Azure takes no condition either.
    fn may_be_cleared(&self, time: usize, winner: &str) -> bool {
        let lost = |span: &Span<'_>| {
            let target = span.action.assigns().filter(|target| *target != winner);
            target.is_some_and(|target| self.has_lost(span, target, time))
        };
        self.active(time).any(lost) || self.is_made_again(time, winner)
    }

    /// Whether the disk that a call assigns is flagged no more by this time, because since the call began it was
    /// deleted, or another call took its flag: one that assigns another disk, or one that makes this one anew.
    fn has_lost(&self, span: &Span<'_>, target: &str, time: usize) -> bool {
        let is_taken = |time| {
            self.active(time).any(|other| {
                let assigns_another = other.action.assigns().is_some_and(|disk| disk != target);
                !std::ptr::eq(other, span) && (assigns_another || other.action.makes() == Some(target))
            })
        };
        let states = self.entries.iter().enumerate().take(time + 1).skip(span.begin);
        let mut before = &span.at_first;
        let mut lost = false;
        for (time, entry) in states {
            let Entry::State(now) = entry else { continue };
            let flagged = now.flagged.contains_key(target);
            let is_gone = before.disks.contains_key(target) && !now.disks.contains_key(target);
            let was_flagged = before.flagged.contains_key(target);
            lost = !flagged && (lost || is_gone || (was_flagged && is_taken(time)));
            before = now;
        }
        lost
    }

    fn is_made_again(&self, time: usize, name: &str) -> bool {
        self.active(time).any(|span| {
            let absent = !span.at_first.disks.contains_key(name);
            let deleted = || {
                let mut others = self.spans.iter();
                others.any(|other| other.action.deletes() == Some(name) && other.overlaps(span))
            };
            span.action.makes() == Some(name) && (absent || deleted())
        })
    }

    /// None is assigned in the end since a mark was cleared: then somebody who assigned did not come to the end,
    /// where he would have marked again, or came to it before Azure did what he had asked for.
    fn left_without(&self, time: usize, winner: &str) -> Result<(), String> {
        let broken = self.spans.iter().any(|span| {
            span.action.assigns().is_some()
                && span.end > time
                && (span.left
                    || !matches!(
                        span.result,
                        Ok(()) | Err(ErrorKind::Conflict | ErrorKind::NotFound)
                    ))
        });
        if broken || self.is_made_again(time, winner) {
            Ok(())
        } else {
            Err(format!(
                "since {time} none is assigned, and everybody who assigned came to the end"
            ))
        }
    }

    /// What reported success has its effect.
    fn effects(&self, end: &Still) -> Result<(), String> {
        let later = |span: &Span<'_>, is: &dyn Fn(&Action) -> bool| {
            self.spans
                .iter()
                .any(|other| !std::ptr::eq(other, span) && is(&other.action) && other.end > span.begin)
        };
        for span in self.spans.iter().filter(|span| span.result.is_ok()) {
            let action = span.action;
            let failed = |what: &str| Err(format!("{action:?} reported success, and {what}: {end}"));
            if let Some(disk) = action.makes()
                && !end.disks.contains_key(disk)
                && !later(span, &|other| other.deletes() == Some(disk))
            {
                return failed("the disk is not there");
            }
            if let Some(disk) = action.deletes()
                && end.disks.contains_key(disk)
                && !later(span, &|other| other.makes() == Some(disk))
            {
                return failed("the disk is still there");
            }
            if let Action::Snapshot(name, _) = action
                && !end.snapshots.contains(name)
                && !later(span, &|other| *other == Action::DeleteSnapshot(name))
            {
                return failed("the snapshot is not there");
            }
            if let Action::DeleteSnapshot(name) = action
                && end.snapshots.contains(name)
                && !later(
                    span,
                    &|other| matches!(other, Action::Snapshot(made, _) if *made == name),
                )
            {
                return failed("the snapshot is still there");
            }
            if let Some(disk) = action.assigns()
                && end.winner.as_deref() != Some(disk)
                && !self.racing.marks()
                && !later(span, &|other| {
                    other.assigns().is_some() || other.deletes() == Some(disk) || other.makes() == Some(disk)
                })
            {
                return failed("the disk is not the assigned one");
            }
        }
        Ok(())
    }

    /// No name is given twice by calls of which one came after the other.
    fn names(&self) -> Result<(), String> {
        let made = |span: &&Span<'_>| span.result.is_ok() && span.action.makes().is_some();
        for first in self.spans.iter().filter(made) {
            let disk = first.action.makes();
            let second = self.spans.iter().filter(made);
            for second in second.filter(|second| second.action.makes() == disk && second.begin > first.told) {
                let gone = |span: &Span<'_>| {
                    span.action.deletes() == disk && span.begin < second.told && span.end > first.begin
                };
                if !self.spans.iter().any(gone) {
                    return Err(format!(
                        "{disk:?} was made twice, at {} and {}",
                        first.begin, second.begin
                    ));
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A state with these disks, of which the flagged ones have a star, and the attached ones a plus.
    fn still(disks: &str) -> Entry {
        let mut still = Still {
            others: "{}".to_owned(),
            ..Still::default()
        };
        for word in disks.split_whitespace() {
            let name = word.trim_end_matches(['*', '+']).to_owned();
            if word.contains('*') {
                still.winner = Some(name.clone());
                still.flagged.insert(name.clone(), String::new());
            }
            if word.contains('+') {
                still.attached.insert(name.clone());
            }
            still.disks.insert(name, None);
        }
        Entry::State(Box::new(still))
    }

    fn judged(actions: &[Action], entries: &[Entry]) -> Result<(), String> {
        let calls: Vec<Call> = actions
            .iter()
            .map(|action| Call {
                operator: 0,
                action: *action,
            })
            .collect();
        judge(&calls, entries, Racing::Nobody)
    }

    /// One call that succeeds, between these states.
    fn one(action: Action, states: &[&str]) -> Result<(), String> {
        let mut entries = vec![still(states[0]), Entry::Begun(0)];
        entries.extend(states[1..].iter().map(|state| still(state)));
        entries.push(Entry::Ended(0, Ok(())));
        judged(&[action], &entries)
    }

    #[test]
    fn calls_that_do_what_they_should_keep_every_promise() {
        assert_eq!(one(Action::Create("x", None), &["a*", "a* x"]), Ok(()));
        assert_eq!(one(Action::Assign("b"), &["a* b", "a b*"]), Ok(()));
        assert_eq!(one(Action::Delete("b", false), &["a* b", "a*"]), Ok(()));
        assert_eq!(one(Action::Delete("a", true), &["a* b", "b"]), Ok(()));
    }

    #[test]
    fn what_nobody_asked_for_is_found_out() {
        let found = one(Action::List, &["a*", "a* x"]).unwrap_err();
        assert!(found.contains("disk x came, and nobody asked"), "{found}");
        let found = one(Action::List, &["a* x", "a*"]).unwrap_err();
        assert!(found.contains("disk x went, and nobody asked"), "{found}");
        let found = one(Action::List, &["a* b", "a b*"]).unwrap_err();
        assert!(found.contains("disk b was flagged, and nobody asked"), "{found}");
    }

    #[test]
    fn a_moment_without_an_assigned_disk_is_found_out() {
        let found = one(Action::Assign("b"), &["a* b", "a b", "a b*"]).unwrap_err();
        assert!(found.contains("disk a was assigned, and none is"), "{found}");
        let found = one(Action::Delete("a", false), &["a* b", "b"]).unwrap_err();
        assert!(found.contains("gone without force"), "{found}");
        let found = one(Action::Delete("a", true), &["a*+ b", "b"]).unwrap_err();
        assert!(found.contains("was attached, and is gone"), "{found}");
    }

    #[test]
    fn success_without_an_effect_is_found_out() {
        for (action, state) in [
            (Action::Create("x", None), "a*"),
            (Action::Assign("b"), "a* b"),
            (Action::Delete("b", false), "a* b"),
            (Action::Snapshot("s", None), "a*"),
        ] {
            let found = one(action, &[state]).unwrap_err();
            assert!(found.contains("reported success"), "{found}");
        }
    }

    /// Two assign at once, `a` and `b`: both list and mark, then each clears the other's mark.
    fn meeting() -> Vec<Entry> {
        let mut entries = vec![still("a* b"), Entry::Begun(0), Entry::Begun(1)];
        entries.extend(["a* b*", "b* a*", "a* b"].map(still));
        entries
    }

    const BOTH: [Action; 2] = [Action::Assign("a"), Action::Assign("b")];

    #[test]
    fn two_assignments_that_end_well_and_leave_none_assigned_are_found_out() {
        let entries = |second| {
            let mut entries = meeting();
            entries.extend([
                still("a b"),
                Entry::Ended(0, Err(ErrorKind::Conflict)),
                Entry::Ended(1, second),
            ]);
            entries
        };
        let found = judged(&BOTH, &entries(Err(ErrorKind::Conflict))).unwrap_err();
        assert!(
            found.contains("everybody who assigned came to the end"),
            "{found}"
        );
        assert_eq!(judged(&BOTH, &entries(Err(ErrorKind::Unavailable))), Ok(()));
    }

    #[test]
    fn a_clearing_may_come_after_the_end_of_the_assignment_that_took_the_clearers_own_mark() {
        let mut entries = meeting();
        entries.push(Entry::Ended(0, Ok(())));
        entries.extend(["a b", "a b*"].map(still));
        entries.push(Entry::Ended(1, Ok(())));
        assert_eq!(judged(&BOTH, &entries), Ok(()));
    }

    #[test]
    fn a_clearing_before_the_clearers_own_mark_is_found_out_beside_another_assignment() {
        let entries = [
            still("a* b"),
            Entry::Begun(0),
            Entry::Begun(1),
            still("a b"),
            still("a b*"),
            Entry::Ended(1, Ok(())),
            Entry::Ended(0, Err(ErrorKind::Conflict)),
        ];
        let found = judged(&BOTH, &entries).unwrap_err();
        assert!(found.contains("disk a was assigned, and none is"), "{found}");
    }

    #[test]
    fn a_clearing_after_the_deletion_of_the_clearers_target_leaves_none_for_a_moment() {
        let calls = [Action::Assign("b"), Action::Delete("b", true)];
        let mut entries = vec![still("a* b"), Entry::Begun(0), Entry::Begun(1)];
        entries.extend(["a* b*", "a*", "a", "a*"].map(still));
        entries.extend([Entry::Ended(1, Ok(())), Entry::Ended(0, Err(ErrorKind::Conflict))]);
        assert_eq!(judged(&calls, &entries), Ok(()));
    }

    #[test]
    fn a_merge_may_come_after_the_end_of_its_call_only_if_that_sent_it_twice_and_left_one_under_way() {
        let calls = [Action::Assign("b"), Action::Assign("a")];
        let judged = |left: Option<Entry>| {
            let mut entries = vec![still("a* b"), Entry::Begun(0), still("a* b*"), still("a b*")];
            entries.extend(left);
            entries.extend([Entry::Ended(0, Ok(())), Entry::Begun(1)]);
            entries.extend(["b* a*", "a* b", "a b"].map(still));
            entries.push(Entry::Ended(1, Ok(())));
            judged(&calls, &entries)
        };
        assert_eq!(judged(Some(Entry::Left(0))), Ok(()));
        let found = judged(None).unwrap_err();
        assert!(found.contains("disk a was assigned, and none is"), "{found}");
    }

    #[test]
    fn a_name_that_is_given_twice_is_found_out() {
        let create = Action::Create("x", None);
        let mut entries = vec![
            still("a*"),
            Entry::Begun(0),
            still("a* x"),
            Entry::Ended(0, Ok(())),
        ];
        entries.extend([Entry::Begun(1), Entry::Ended(1, Ok(()))]);
        let found = judged(&[create, create], &entries).unwrap_err();
        assert!(found.contains("was made twice"), "{found}");
    }
}
