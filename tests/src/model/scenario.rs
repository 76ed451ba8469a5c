//! What two operators do, and what goes wrong meanwhile.

use kompox_azure_emulator::{
    FaultAction, FaultPlan, FaultRule, OperationFault, Race, RacingWrite, ReplicationLag, When,
};
use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::sample::select;
use serde_json::json;

use crate::crash_points::World;

/// The volume that scenarios are about.
pub(crate) const VOLUME: &str = "db";
/// Disks that calls are about. `busy` is attached to a machine from the beginning.
const DISKS: &[&str] = &["one", "two", "three", "four", "busy"];
const SNAPSHOTS: &[&str] = &["snap", "s1", "s2"];

/// One call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Lists disks.
    List,
    /// Makes a disk, from another one if that is named.
    Create(&'static str, Option<&'static str>),
    /// Assigns a disk.
    Assign(&'static str),
    /// Deletes a disk, by force or not.
    Delete(&'static str, bool),
    /// Takes a snapshot, of the assigned disk unless one is named.
    Snapshot(&'static str, Option<&'static str>),
    /// Deletes a snapshot.
    DeleteSnapshot(&'static str),
    /// Restores a snapshot as a disk.
    Restore(&'static str, &'static str),
    /// Restores a snapshot as a disk and assigns that.
    RestoreAssign(&'static str, &'static str),
}

impl Action {
    /// The disk that it makes.
    #[must_use]
    pub const fn makes(self) -> Option<&'static str> {
        match self {
            Self::Create(disk, _) | Self::Restore(_, disk) | Self::RestoreAssign(_, disk) => Some(disk),
            _ => None,
        }
    }

    /// The disk that it assigns.
    #[must_use]
    pub const fn assigns(self) -> Option<&'static str> {
        match self {
            Self::Assign(disk) | Self::RestoreAssign(_, disk) => Some(disk),
            _ => None,
        }
    }

    /// The disk that it deletes.
    #[must_use]
    pub const fn deletes(self) -> Option<&'static str> {
        match self {
            Self::Delete(disk, _) => Some(disk),
            _ => None,
        }
    }
}

/// Somebody who keeps to no rule: another tool that flags the disk `busy` and clears nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Racing {
    /// There is nobody.
    Nobody,
    /// Somebody whose clock is years behind.
    Behind,
    /// Somebody whose clock is years ahead.
    Ahead,
    /// Somebody who takes the mark of the disk `one` away. No promise survives that: it shows that the judge sees it.
    Clearing,
}

impl Racing {
    /// Whether somebody flags the disk `busy`.
    #[must_use]
    pub const fn marks(self) -> bool {
        matches!(self, Self::Behind | Self::Ahead)
    }
}

/// A test case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scenario {
    /// What the first operator does.
    pub first: Vec<Action>,
    /// What the second one does.
    pub second: Vec<Action>,
    /// The seed of what goes wrong.
    pub dice: u64,
    /// How much goes wrong, in percent of the requests and for each kind of trouble.
    pub trouble: u32,
    /// Who else is there.
    pub racing: Racing,
}

/// Any scenario in which each operator makes so many calls at most.
pub fn scenarios(calls: usize) -> impl Strategy<Value = Scenario> {
    let disk = || select(DISKS);
    let snapshot = || select(SNAPSHOTS);
    let source = || prop_oneof![Just(None), disk().prop_map(Some)];
    let action = prop_oneof![
        1 => Just(Action::List),
        3 => (disk(), source()).prop_map(|(disk, source)| Action::Create(disk, source)),
        6 => disk().prop_map(Action::Assign),
        3 => (disk(), any::<bool>()).prop_map(|(disk, force)| Action::Delete(disk, force)),
        2 => (snapshot(), source()).prop_map(|(snapshot, source)| Action::Snapshot(snapshot, source)),
        1 => snapshot().prop_map(Action::DeleteSnapshot),
        1 => (snapshot(), disk()).prop_map(|(snapshot, disk)| Action::Restore(snapshot, disk)),
        1 => (snapshot(), disk()).prop_map(|(snapshot, disk)| Action::RestoreAssign(snapshot, disk)),
    ];
    let actions = vec(action, 1..=calls).boxed();
    let racing = select(vec![
        Racing::Nobody,
        Racing::Nobody,
        Racing::Behind,
        Racing::Ahead,
    ]);
    (
        actions.clone(),
        actions,
        any::<u64>(),
        select(vec![0_u32, 2, 6]),
        racing,
    )
        .prop_map(|(first, second, dice, trouble, racing)| Scenario {
            first,
            second,
            dice,
            trouble,
            racing,
        })
}

impl Scenario {
    /// How many calls it makes.
    #[must_use]
    pub fn calls(&self) -> usize {
        self.first.len() + self.second.len()
    }

    /// What goes wrong.
    #[must_use]
    pub fn plan(&self, world: &World<'_>) -> FaultPlan {
        let chance = f64::from(self.trouble) / 100.0;
        let rule = |method, path, action| FaultRule::new(method, path, action).with_probability(chance);
        let slow = OperationFault {
            milliseconds: Some(3),
            ..OperationFault::default()
        };
        let mut rules = vec![
            rule("*", "**", FaultAction::ResetBefore),
            rule("*", "**", FaultAction::ResetAfter),
            rule(
                "*",
                "**",
                FaultAction::respond(500, "InternalServerError", "Oops."),
            ),
            rule(
                "*",
                "**",
                FaultAction::respond_retry_after(429, "TooManyRequests", 0),
            ),
            rule("*", "**", FaultAction::TruncateBody),
            rule(
                "*",
                "**",
                FaultAction::respond(400, "Killed", "As if the process ended here."),
            ),
            rule("*", "**", FaultAction::Delay { milliseconds: 2 }),
            rule(
                "*",
                // Not the group itself: that is what is asked before a missing group is believed.
                "**/resourceGroups/*/providers/**",
                FaultAction::ReplicationLag(ReplicationLag::ResourceGroupNotFound),
            ),
            rule("PUT|PATCH|DELETE", "**", FaultAction::Operation(slow)),
            rule(
                "PUT|PATCH|DELETE",
                "**",
                FaultAction::fail_late("InternalError", "Later."),
            ),
        ];
        let write = |flag, at| json!({"tags": {"kompox-disk-assigned": flag, "kompox-disk-assigned-at": at}});
        let race = match self.racing {
            Racing::Nobody => None,
            Racing::Behind => Some(("busy", write("true", "00ZZZZZZZZZZZZZZZZZZZZZZZZ"))),
            Racing::Ahead => Some(("busy", write("true", "03ZZZZZZZZZZZZZZZZZZZZZZZZ"))),
            Racing::Clearing => Some(("one", write("false", ""))),
        };
        if let Some((disk, write)) = race {
            let race = Race {
                when: When::Before,
                id: Some(world.id("disks", VOLUME, disk)),
                write: RacingWrite::Merge(write),
            };
            rules.push(FaultRule::new("*", "**", FaultAction::Race(race)).with_probability(0.05));
        }
        // Delays, races and shapes of operations must come before what ends the search.
        rules.sort_by_key(|rule| {
            !matches!(
                rule.action,
                FaultAction::Delay { .. } | FaultAction::Operation(_) | FaultAction::Race(_)
            )
        });
        FaultPlan {
            seed: self.dice,
            rules,
        }
    }
}
