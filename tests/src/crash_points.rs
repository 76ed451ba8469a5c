//! Breaks an operation at each of its requests, and demands that running it again sets everything right.
//!
//! An [`Operation`] says what it starts from ([`prepare`](Operation::prepare)), what the user runs
//! ([`run`](Operation::run)), and whether there is in the end what is wanted ([`ended`](Operation::ended)).
//! [`break_everywhere`] runs it once undisturbed to count its requests; then, for every request and every [`Trouble`],
//! in a world of its own:
//!
//! 1. the operation runs into the trouble at just that request;
//! 2. what went wrong is mended, and somebody else (another driver) runs the operation again, as a user would;
//! 3. what is there must be exactly what is wanted: nothing missing, nothing left over.
//!
//! All the while every state that Azure goes through is looked at, also those that no reader would meet by chance
//! ([`Watching`]): a volume that has had an assigned disk always has exactly one, what is a stranger's never changes.
//! After each of the steps a reader, a driver of its own, must say the same.
//!
//! Where an operation runs is a [`Ground`]: a [`World`] with volumes in a group of its own, or an [`Estate`] with a
//! cluster, in a subscription that goes back to its start for each crash point.

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests stop the test as the tests themselves do"
)]

mod cloud;
mod contents;
pub(crate) mod estate;
mod ground;
pub(crate) mod likeness;
mod moments;
mod trouble;
mod world;

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use kompox_azure_emulator::{FaultPlan, FaultRule, LoggedRequest, Options};
use kompox_domain::{Error, ErrorKind, Result, WriteOutcome};

pub use cloud::{Cloud, Operator};
pub use contents::{Contents, Disk, End, Item, Winners, winners};
pub use estate::{Estate, Vigil};
pub use ground::{Ground, Watching};
pub use likeness::Likeness;
pub use moments::Moments;
pub use trouble::{Counted, Trouble};
pub use world::World;

/// What looks at an operation's states.
pub type WatchOf<'c, O> = <<O as Operation>::Ground<'c> as Ground<'c>>::Watch;

/// Something that a user does, and that may break anywhere.
#[async_trait(?Send)]
pub trait Operation: Sized {
    /// Where it runs.
    type Ground<'c>: Ground<'c>;

    /// What it is called in messages.
    fn name(&self) -> String;

    /// Makes what the operation starts from. Done once: each crash point gets a copy of it.
    async fn prepare(&self, ground: &Self::Ground<'_>, operator: &Operator) -> Result<()>;

    /// What the user runs.
    async fn run(&self, ground: &Self::Ground<'_>, operator: &Operator) -> Result<()>;

    /// What the user does after it broke: the same again. It must lead to the wanted end.
    async fn again(&self, ground: &Self::Ground<'_>, operator: &Operator) -> Result<()> {
        self.run(ground, operator).await
    }

    /// Whether it makes something under a name: then running it again is a conflict, once it took effect.
    fn conflicts(&self) -> bool {
        false
    }

    /// Looks at every state from now on.
    async fn watch<'c>(&self, ground: &Self::Ground<'c>) -> WatchOf<'c, Self>;

    /// What a reader must see at any time.
    ///
    /// # Errors
    /// What it does not.
    async fn read<'c>(
        &self,
        ground: &Self::Ground<'c>,
        reader: &Operator,
        watch: &WatchOf<'c, Self>,
    ) -> std::result::Result<(), String>;

    /// All that the operation is about, in a text.
    async fn held(&self, ground: &Self::Ground<'_>) -> String {
        ground.held().await
    }

    /// Whether there is what is wanted in the end, and nothing else.
    ///
    /// # Errors
    /// What is not as it should be.
    async fn ended(&self, ground: &Self::Ground<'_>, reader: &Operator) -> std::result::Result<(), String>;

    /// Settings of the cluster beside its group, in a subscription.
    fn settings(&self, _subscription: &str) -> Vec<(&'static str, String)> {
        Vec::new()
    }

    /// Whether it comes to the same end without an answer to this request.
    fn does_without(&self, _request: &LoggedRequest) -> bool {
        false
    }

    /// Whether signing in is broken too. That is the same for all operations and takes its time, so one is enough.
    fn signs_in(&self) -> bool {
        false
    }
}

/// What [`break_everywhere`] did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// The operation.
    pub name: String,
    /// Its requests that are counted, undisturbed.
    pub requests: usize,
    /// How often it was broken.
    pub crash_points: usize,
    /// How often the trouble made it fail; else it overcame it by itself.
    pub failures: usize,
    /// How often it went well because it does without an answer to the request.
    pub idle: usize,
    /// States of Azure that were looked at.
    pub moments: usize,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: {} requests, {} crash points, {} of them felt, {} at what it does without, {} moments",
            self.name, self.requests, self.crash_points, self.failures, self.idle, self.moments
        )
    }
}

/// Breaks an operation at each of its requests, in an embedded Azure of these options.
///
/// # Errors
/// The first crash point after which something was not as it should be, and what.
pub async fn break_everywhere<O: Operation>(
    operation: &O,
    options: Options,
) -> std::result::Result<Report, String> {
    break_by(operation, options, Trouble::ALL).await
}

/// The same with some of the troubles only.
///
/// # Errors
/// As [`break_everywhere`].
pub async fn break_by<O: Operation>(
    operation: &O,
    options: Options,
    troubles: &[Trouble],
) -> std::result::Result<Report, String> {
    let all = Struck {
        counted: Counted::Requests,
        most: usize::MAX,
        again: true,
    };
    break_some(operation, options, troubles, all).await
}

/// Breaks an operation and holds what it claims then against what is there; it is not run again. Where there are more
/// than `most` ways to do that the troubles are spread over the requests: each trouble has its turn, and so has each
/// request if they are not more than `most`.
///
/// # Errors
/// The first claim that was not true.
pub async fn claims_of<O: Operation>(
    operation: &O,
    options: Options,
    troubles: &[Trouble],
    counted: Counted,
    most: usize,
) -> std::result::Result<Report, String> {
    let again = false;
    let struck = Struck { counted, most, again };
    break_some(operation, options, troubles, struck).await
}

/// Where an operation is struck, and what follows.
#[derive(Debug, Clone, Copy)]
struct Struck {
    counted: Counted,
    most: usize,
    /// Whether it is run again, and must lead to the wanted end.
    again: bool,
}

async fn break_some<O: Operation>(
    operation: &O,
    options: Options,
    troubles: &[Trouble],
    struck: Struck,
) -> std::result::Result<Report, String> {
    let Struck { counted, most, again } = struck;
    let cloud = Cloud::start_with(options, |subscription| operation.settings(subscription)).await;
    let mut ground = O::Ground::new(&cloud);
    let mut stage = Stage::prepare(operation, &cloud, &mut ground, counted).await?;
    stage.again = again;
    stage.undisturbed().await?;
    let requests = stage.report.requests;
    let stride = (requests * troubles.len())
        .div_ceil(most)
        .clamp(1, requests.max(1));
    for (turn, trouble) in troubles.iter().enumerate() {
        // Runs may differ in how often they look at something: as long as the trouble comes at all.
        for request in (turn % stride..).step_by(stride) {
            let point = format!("{}: {trouble} at {counted} {}", stage.report.name, request + 1);
            let struck = stage.break_at(*trouble, request).await;
            let struck = struck.map_err(|what| format!("{point}: {what}"))?;
            if !struck && request >= requests {
                break;
            }
        }
    }
    Ok(stage.report)
}

/// An operation that stands ready to be broken at one of its requests, again and again.
#[async_trait(?Send)]
pub trait Breakable {
    /// Breaks it.
    ///
    /// # Errors
    /// As [`break_everywhere`].
    async fn break_at(&mut self, trouble: Trouble, request: usize) -> std::result::Result<(), String>;
}

#[async_trait(?Send)]
impl<O: Operation> Breakable for Stage<'_, '_, O> {
    async fn break_at(&mut self, trouble: Trouble, request: usize) -> std::result::Result<(), String> {
        Stage::break_at(self, trouble, request).await.map(drop)
    }
}

/// Makes an operation ready in an embedded Azure of these options, for as long as the program runs.
///
/// # Errors
/// Why what it starts from cannot be made.
pub async fn ready<O>(operation: O, options: Options) -> std::result::Result<Box<dyn Breakable>, String>
where
    O: Operation + 'static,
    O::Ground<'static>: 'static,
{
    let operation: &'static O = Box::leak(Box::new(operation));
    let cloud = Cloud::start_with(options, |subscription| operation.settings(subscription)).await;
    let cloud: &'static Cloud = Box::leak(Box::new(cloud));
    let ground = Box::leak(Box::new(O::Ground::new(cloud)));
    let stage = Stage::prepare(operation, cloud, ground, Counted::Requests).await?;
    Ok(Box::new(stage))
}

/// What an operation says of itself when it has ended, or was ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Claim {
    Done,
    NotDone,
    Unknown,
}

impl Claim {
    fn of(ended: Option<&Result<()>>, outcome: WriteOutcome) -> Self {
        match (ended, outcome) {
            (Some(Ok(())), _) => Self::Done,
            (_, WriteOutcome::NotDone) => Self::NotDone,
            (_, WriteOutcome::Unknown) => Self::Unknown,
        }
    }
}

/// What the cloud itself fails at, once, while an operation runs.
pub struct Failure {
    /// What it is, for messages.
    pub what: String,
    /// What brings it about.
    pub rule: FaultRule,
    /// Whether it must be felt: what ends at once cannot fail late.
    pub certain: bool,
    /// Whether the error tells of it.
    pub told: Box<dyn Fn(&Error) -> bool>,
}

/// Lets the cloud fail at one thing after the other: the operation must tell what it was, and run again it must lead
/// to the wanted end. `failures` names them, from what there is after the operation.
///
/// # Errors
/// The first failure after which something was not as it should be, and what.
pub async fn fail_everywhere<O: Operation>(
    operation: &O,
    options: Options,
    failures: impl for<'c> AsyncFn(&O::Ground<'c>) -> Vec<Failure>,
) -> std::result::Result<Report, String> {
    let cloud = Cloud::start_with(options, |subscription| operation.settings(subscription)).await;
    let mut ground = O::Ground::new(&cloud);
    let mut stage = Stage::prepare(operation, &cloud, &mut ground, Counted::Requests).await?;
    let failures = failures(stage.template).await;
    stage.undisturbed().await?;
    for failure in failures {
        let point = format!("{}: {}", stage.report.name, failure.what);
        let survived = stage.fail_at(failure).await;
        survived.map_err(|what| format!("{point}: {what}"))?;
    }
    Ok(stage.report)
}

/// Where an operation is broken again and again.
struct Stage<'a, 'c, O: Operation> {
    operation: &'a O,
    cloud: &'c Cloud,
    template: &'a O::Ground<'c>,
    /// Who runs into trouble. Making one costs more than all else, so they stay, but for what they keep in memory:
    /// a token and open connections.
    first: Operator,
    /// Who runs it again.
    second: Operator,
    reader: Operator,
    counted: Counted,
    /// Whether it is run again.
    again: bool,
    /// How long the operation takes, undisturbed.
    takes: Duration,
    report: Report,
}

impl<'a, 'c, O: Operation> Stage<'a, 'c, O> {
    async fn prepare(
        operation: &'a O,
        cloud: &'c Cloud,
        template: &'a mut O::Ground<'c>,
        counted: Counted,
    ) -> std::result::Result<Self, String> {
        let name = operation.name();
        let prepared = operation.prepare(template, &cloud.operator()).await;
        prepared.map_err(|error| format!("{name}: cannot be prepared: {error:?}"))?;
        template.prepared().await;
        Ok(Self {
            operation,
            cloud,
            template,
            first: cloud.operator(),
            second: cloud.operator(),
            reader: cloud.operator(),
            counted,
            again: true,
            takes: Duration::ZERO,
            report: Report {
                name,
                ..Report::default()
            },
        })
    }

    /// Runs the operation undisturbed, and counts its requests.
    async fn undisturbed(&mut self) -> std::result::Result<(), String> {
        let ground = self.template.copy().await;
        // So that whoever runs into trouble has signed in.
        self.sign_in(&ground).await?;
        let watch = self.operation.watch(&ground).await;
        self.cloud.emulator.clear_requests();
        let begun = Instant::now();
        let ran = self.operation.run(&ground, &self.first).await;
        self.takes = begun.elapsed();
        self.report.requests = self.counted.of(&self.cloud.emulator.requests()).len();
        let undisturbed = |what: String| format!("{}, undisturbed: {what}", self.report.name);
        ran.map_err(|error| undisturbed(format!("{error:?}")))?;
        watch.verdict().map_err(undisturbed)?;
        let ended = self.operation.ended(&ground, &self.reader).await;
        ended.map_err(undisturbed)?;
        self.report.moments += watch.seen();
        ground.remove().await;
        Ok(())
    }

    async fn sign_in(&mut self, ground: &O::Ground<'c>) -> std::result::Result<(), String> {
        if self.operation.signs_in() {
            self.first = self.cloud.operator();
            return Ok(());
        }
        let signed_in = ground.sign_in(&self.first).await;
        signed_in.map_err(|error| format!("cannot sign in: {error:?}"))
    }

    /// Runs the operation into trouble, and again. Whether the trouble came.
    async fn break_at(&mut self, trouble: Trouble, request: usize) -> std::result::Result<bool, String> {
        let ground = self.template.copy().await;
        self.sign_in(&ground).await?;
        let watch = self.operation.watch(&ground).await;
        let before = self.operation.held(&ground).await;
        let cx = self.first.cx.within();
        let operator = Operator {
            driver: Arc::clone(&self.first.driver),
            cx: match trouble.deadline(self.takes) {
                Some(time) => cx.with_deadline(Instant::now() + time),
                None => cx,
            },
        };
        let run = self.operation.run(&ground, &operator);
        let first = trouble.strike(self.cloud, self.counted, request, run).await;
        let requests = self.cloud.emulator.requests();
        let struck = self.counted.of(&requests).get(request).copied();
        if trouble.is_overcome() && !matches!(first, Some(Ok(()))) {
            return Err(format!("one refusal is not overcome: {first:?}"));
        }
        let idle = struck.is_some_and(|struck| self.operation.does_without(struck));
        self.report.idle += usize::from(idle && matches!(first, Some(Ok(()))));
        let claim = Claim::of(first.as_ref(), operator.cx.outcome());
        self.hold_against(claim, &ground, &before, idle).await?;
        self.report.failures += usize::from(!matches!(first, Some(Ok(()))));
        if self.again {
            self.recover(ground, &watch, first).await?;
        } else {
            watch.verdict()?;
            self.report.moments += watch.seen();
            ground.remove().await;
        }
        self.report.crash_points += usize::from(struck.is_some());
        Ok(struck.is_some())
    }

    /// Holds what was claimed against what is there.
    async fn hold_against(
        &self,
        claim: Claim,
        ground: &O::Ground<'c>,
        before: &str,
        idle: bool,
    ) -> std::result::Result<(), String> {
        self.cloud.set_faults(FaultPlan::default());
        match claim {
            Claim::Done if !idle => {
                let ended = self.operation.ended(ground, &self.reader).await;
                ended.map_err(|what| format!("it claims to be done: {what}"))
            }
            Claim::NotDone => {
                let after = self.operation.held(ground).await;
                if after == before {
                    return Ok(());
                }
                Err(format!(
                    "it claims that nothing was done: before {before}, after {after}"
                ))
            }
            Claim::Done | Claim::Unknown => Ok(()),
        }
    }

    /// Lets the cloud fail, and runs the operation again.
    async fn fail_at(&mut self, failure: Failure) -> std::result::Result<(), String> {
        let ground = self.template.copy().await;
        self.sign_in(&ground).await?;
        let watch = self.operation.watch(&ground).await;
        self.cloud.set_faults(FaultPlan::new([failure.rule]));
        let first = self.operation.run(&ground, &self.first).await;
        match &first {
            Ok(()) if failure.certain => return Err("it went well all the same".to_owned()),
            Ok(()) => {}
            Err(error) if !(failure.told)(error) => {
                return Err(format!("it is not told: {error:?}: {:#?}", error.failures()));
            }
            Err(_) => {}
        }
        self.report.crash_points += 1;
        self.report.failures += usize::from(first.is_err());
        self.recover(ground, &watch, Some(first)).await
    }

    /// Runs the operation again after `first` has become of it.
    async fn recover(
        &mut self,
        ground: O::Ground<'c>,
        watch: &WatchOf<'c, O>,
        first: Option<Result<()>>,
    ) -> std::result::Result<(), String> {
        let operation = self.operation;
        self.cloud.set_faults(FaultPlan::default());
        let told = |what: String| format!("{what} (the first run gave {first:?})");
        watch.verdict().map_err(told)?;
        operation.read(&ground, &self.reader, watch).await.map_err(told)?;
        let again = operation.again(&ground, &self.second).await;
        match again {
            Err(error) if operation.conflicts() && error.kind() == ErrorKind::Conflict => {}
            other => other.map_err(|error| told(format!("it cannot be run again: {error:?}")))?,
        }
        watch.verdict().map_err(told)?;
        operation.read(&ground, &self.reader, watch).await.map_err(told)?;
        operation.ended(&ground, &self.reader).await.map_err(told)?;
        // Nothing that was done to find that out may have changed anything for the worse.
        watch.verdict().map_err(told)?;
        self.report.moments += watch.seen();
        ground.remove().await;
        Ok(())
    }
}
