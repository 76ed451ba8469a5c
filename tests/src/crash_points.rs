//! Breaks an operation at each of its requests, and demands that running it again sets everything right.
//!
//! An [`Operation`] says what it starts from ([`prepare`](Operation::prepare)), what the user runs
//! ([`run`](Operation::run)), and what there is in the end ([`end`](Operation::end)). [`break_everywhere`] runs it
//! once undisturbed to count its requests; then, for every request and every [`Trouble`], in a world of its own:
//!
//! 1. the operation runs into the trouble at just that request;
//! 2. what went wrong is mended, and somebody else (another driver) runs the operation again, as a user would;
//! 3. what is there must be exactly what is wanted: nothing missing, nothing left over.
//!
//! All the while every state that Azure goes through is looked at, also those that no reader would meet by chance:
//! a volume that has had an assigned disk always has exactly one ([`Moments`]). After each of the steps a reader,
//! a driver of its own, must say the same.
//!
//! A new operation needs no more than an implementation of [`Operation`]. What is not about disks and snapshots
//! says so in [`End::others`], or looks for itself in [`check`](Operation::check).

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests stop the test as the tests themselves do"
)]

mod contents;
mod moments;
mod trouble;
mod world;

use std::fmt;

use async_trait::async_trait;
use kompox_azure_emulator::{FaultPlan, Options};
use kompox_domain::{ErrorKind, Result};

pub use contents::{Contents, Disk, End, Item};
pub use moments::{Moments, Winners, winners};
pub use trouble::Trouble;
pub use world::{Cloud, Operator, World};

/// Something that a user does, and that may break anywhere.
#[async_trait(?Send)]
pub trait Operation {
    /// What it is called in messages.
    fn name(&self) -> String;

    /// Makes what the operation starts from. Done once: each crash point gets a copy of it.
    async fn prepare(&self, world: &World<'_>, operator: &Operator) -> Result<()>;

    /// What the user runs.
    async fn run(&self, world: &World<'_>, operator: &Operator) -> Result<()>;

    /// What the user does after it broke: the same again. It must lead to the wanted end.
    async fn again(&self, world: &World<'_>, operator: &Operator) -> Result<()> {
        self.run(world, operator).await
    }

    /// Whether it makes something under a name: then running it again is a conflict, once it took effect.
    fn conflicts(&self) -> bool {
        false
    }

    /// What there is in the end, and nothing else.
    fn end(&self) -> End;

    /// What else must hold in the end.
    ///
    /// # Errors
    /// What does not hold.
    fn check(&self, _contents: &Contents) -> std::result::Result<(), String> {
        Ok(())
    }

    /// Whether it may take the assigned disk away and leave none.
    fn may_leave_none(&self) -> bool {
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
    /// Its requests, undisturbed.
    pub requests: usize,
    /// How often it was broken.
    pub crash_points: usize,
    /// How often the trouble made it fail; else it overcame it by itself.
    pub failures: usize,
    /// States of Azure that were looked at.
    pub moments: usize,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: {} requests, {} crash points, {} of them felt, {} moments",
            self.name, self.requests, self.crash_points, self.failures, self.moments
        )
    }
}

/// Breaks an operation at each of its requests, in an embedded Azure of these options.
///
/// # Errors
/// The first crash point after which something was not as it should be, and what.
pub async fn break_everywhere(
    operation: &dyn Operation,
    options: Options,
) -> std::result::Result<Report, String> {
    let cloud = Cloud::start(options).await;
    let template = cloud.world();
    let name = operation.name();
    operation
        .prepare(&template, &cloud.operator())
        .await
        .map_err(|error| format!("{name}: cannot be prepared: {error:?}"))?;
    let mut stage = Stage {
        operation,
        cloud: &cloud,
        template: &template,
        first: cloud.operator(),
        second: cloud.operator(),
        reader: cloud.operator(),
        report: Report {
            name,
            ..Report::default()
        },
    };
    stage.undisturbed().await?;
    for trouble in Trouble::ALL {
        for request in 0..stage.report.requests {
            let point = format!("{}: {trouble} at request {}", stage.report.name, request + 1);
            let survived = stage.break_at(*trouble, request).await;
            survived.map_err(|what| format!("{point}: {what}"))?;
        }
    }
    Ok(stage.report)
}

/// Where an operation is broken again and again.
struct Stage<'a> {
    operation: &'a dyn Operation,
    cloud: &'a Cloud,
    template: &'a World<'a>,
    /// Who runs into trouble. Making one costs more than all else, so they stay, but for what they keep in memory:
    /// a token and open connections.
    first: Operator,
    /// Who runs it again.
    second: Operator,
    reader: Operator,
    report: Report,
}

impl Stage<'_> {
    /// Runs the operation undisturbed, and counts its requests.
    async fn undisturbed(&mut self) -> std::result::Result<(), String> {
        let world = self.template.copy().await;
        // So that whoever runs into trouble has signed in.
        self.sign_in(&world).await?;
        let moments = world.watch(self.operation.may_leave_none()).await;
        self.cloud.emulator.clear_requests();
        let ran = self.operation.run(&world, &self.first).await;
        self.report.requests = self.cloud.emulator.requests().len();
        let undisturbed = |what: String| format!("{}, undisturbed: {what}", self.report.name);
        ran.map_err(|error| undisturbed(format!("{error:?}")))?;
        moments.verdict().map_err(undisturbed)?;
        self.ended(&world).await.map_err(undisturbed)?;
        self.report.moments += moments.seen();
        world.remove().await;
        Ok(())
    }

    async fn sign_in(&mut self, world: &World<'_>) -> std::result::Result<(), String> {
        if self.operation.signs_in() {
            self.first = self.cloud.operator();
            return Ok(());
        }
        let Operator { driver, cx } = &self.first;
        let listed = driver.disk_list(cx, &world.app, &world.app.app.volumes).await;
        listed
            .map(drop)
            .map_err(|error| format!("cannot sign in: {error:?}"))
    }

    /// Runs the operation into trouble, and again.
    async fn break_at(&mut self, trouble: Trouble, request: usize) -> std::result::Result<(), String> {
        let world = self.template.copy().await;
        self.sign_in(&world).await?;
        let moments = world.watch(self.operation.may_leave_none()).await;
        let first = trouble
            .strike(self.cloud, request, self.operation.run(&world, &self.first))
            .await;
        self.cloud.set_faults(FaultPlan::default());
        self.report.crash_points += 1;
        self.report.failures += usize::from(!matches!(first, Some(Ok(()))));

        let told = |what: String| format!("{what} (the first run gave {first:?})");
        if trouble == Trouble::RefusedOnce && !matches!(first, Some(Ok(()))) {
            return Err(told("one refusal is not overcome".to_owned()));
        }
        moments.verdict().map_err(told)?;
        world.read(&self.reader, &moments).await.map_err(told)?;
        let again = self.operation.again(&world, &self.second).await;
        match again {
            Err(error) if self.operation.conflicts() && error.kind() == ErrorKind::Conflict => {}
            other => other.map_err(|error| told(format!("it cannot be run again: {error:?}")))?,
        }
        moments.verdict().map_err(told)?;
        world.read(&self.reader, &moments).await.map_err(told)?;
        self.ended(&world).await.map_err(told)?;
        self.report.moments += moments.seen();
        world.remove().await;
        Ok(())
    }

    /// Whether there is what is wanted, and nothing else.
    async fn ended(&self, world: &World<'_>) -> std::result::Result<(), String> {
        let contents = world.contents().await;
        self.operation.end().compare(&contents)?;
        self.operation.check(&contents)
    }
}
