//! What happens while an operation runs, told as events.

use crate::hint::Hint;
use crate::volume::Percent;

/// How something that was begun ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It is done.
    Done,
    /// It failed; the error says why.
    Failed,
    /// Nobody waits for it any more. In the cloud it may still run.
    Abandoned,
}

/// An error that tells what it leaves behind.
pub trait Unfinished {
    /// Whether what was begun may still run in the cloud.
    ///
    /// # Behavior
    /// True for an end of the waiting, false for an end of what was waited for.
    ///
    /// # Errors
    /// None.
    fn may_still_run(&self) -> bool;
}

impl Unfinished for crate::Error {
    fn may_still_run(&self) -> bool {
        self.kind() == crate::ErrorKind::Timeout
    }
}

/// Why a user is warned. Machines read the word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WarningKind {
    /// No zone was asked for and there is no cluster yet that would settle it.
    ZoneUnknown,
    /// Something that does not belong here was skipped or is in the way.
    ForeignResource,
    /// What was done holds, but somebody else did the same at the same time.
    LostRace,
    /// A setting is accepted and has no effect.
    Ignored,
    /// What is planned would be refused by a protection of the configuration.
    Protected,
    /// Something that is about to go is still in use.
    StillInstalled,
    /// A name that an app is served under has no record that leads to it.
    NotPublished,
    /// A check found something that works and should be known, or could not be made.
    Check,
    /// Something that should be known before a deletion could not be looked at.
    Unchecked,
    /// A disk is there that its cluster may not attach.
    AttachRoleMissing,
    /// A disk is there that no node of its cluster can attach.
    NotAttachable,
    /// A change does not reach all nodes before they get a new image.
    NodeImagesDue,
    /// What was asked for is done, though the cloud's answer was lost: reading showed it.
    AnswerLost,
}

impl WarningKind {
    /// The stable word that machines read.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ZoneUnknown => "zoneUnknown",
            Self::ForeignResource => "foreignResource",
            Self::LostRace => "lostRace",
            Self::Ignored => "ignored",
            Self::Protected => "protected",
            Self::StillInstalled => "stillInstalled",
            Self::NotPublished => "notPublished",
            Self::Check => "check",
            Self::Unchecked => "unchecked",
            Self::AttachRoleMissing => "attachRoleMissing",
            Self::NotAttachable => "notAttachable",
            Self::NodeImagesDue => "nodeImagesDue",
            Self::AnswerLost => "answerLost",
        }
    }
}

/// Something that a user waiting for an operation would want to know.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// The cloud is about to be asked for something that takes time. Sent before the request is.
    Started {
        /// Which step, unique within the process.
        step: u64,
        /// What is done, as an imperative: `create disk db-034d4d-first`.
        what: String,
    },
    /// The step is still under way.
    Progress {
        /// Which step.
        step: u64,
        /// The cloud's word for its state.
        state: String,
        /// How much is done, where the cloud tells.
        percent: Option<Percent>,
    },
    /// The step is over, or nobody waits for it any more.
    Ended {
        /// Which step.
        step: u64,
        /// How it ended.
        outcome: Outcome,
    },
    /// A request is repeated after a while.
    Retrying {
        /// What is repeated: method and path.
        what: String,
        /// Why, in a few words.
        reason: String,
        /// How long is waited before.
        wait: std::time::Duration,
    },
    /// Something to know that does not make the operation fail.
    Warning {
        /// Which warning.
        kind: WarningKind,
        /// The warning: a sentence.
        message: String,
        /// What the user can do about it.
        hints: Vec<Hint>,
    },
}

/// A port: is told what happens.
#[cfg_attr(feature = "mock", mockall::automock)]
pub trait ProgressSink: Send + Sync {
    /// Takes an event.
    ///
    /// # Behavior
    /// Returns at once: it is called from asynchronous code and while locks are held elsewhere. Events of
    /// steps that run side by side come interleaved; those of one step come in order, and its last is
    /// [`Event::Ended`].
    ///
    /// # Errors
    /// None: what cannot be shown is lost.
    fn emit(&self, event: Event);
}

/// Drops every event.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl ProgressSink for Silent {
    fn emit(&self, _event: Event) {}
}
