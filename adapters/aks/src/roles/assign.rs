//! Giving rights: looked for first, so that one that is there costs a read and no write.

use std::time::{Duration, Instant};

use futures::stream::{self, StreamExt as _};
use kompox_arm::{ArmError, ArmRequest};
use kompox_domain::error::FailedOperation;
use kompox_domain::{Error, ErrorKind};

use super::answers::{Answer, answer};
use super::assignment::RoleAssignment;
use crate::advice::of_role_assignment;
use crate::api::ROLE_ASSIGNMENTS;
use crate::resource_name::title;
use crate::session::Session;

/// How many are given at once.
const AT_ONCE: usize = 8;
/// How long an identity may stay unknown to Entra ID. Groups take minutes, managed identities most often seconds.
const UNKNOWN: Duration = Duration::from_secs(300);
/// Waits between two tries grow to this.
const MAX_WAIT: Duration = Duration::from_secs(15);

/// What became of a role assignment that is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AssignmentOutcome {
    /// The right was there.
    Exists,
    /// It is not there.
    Missing,
    /// It was given now.
    Created,
    /// What it would be a right to is not there.
    NoScope,
}

/// What became of several.
#[derive(Debug, Default)]
pub(crate) struct Assigned {
    pub(crate) outcomes: Vec<(RoleAssignment, AssignmentOutcome)>,
    /// Those that could not be given, and why.
    pub(crate) failures: Vec<(RoleAssignment, FailedOperation)>,
}

impl Assigned {
    fn of(ended: Vec<(RoleAssignment, Result<AssignmentOutcome, FailedOperation>)>) -> Self {
        let mut assigned = Self::default();
        for (assignment, result) in ended {
            match result {
                Ok(outcome) => {
                    tracing::debug!(
                        identity = assignment.identity.as_str(),
                        principal = assignment.principal,
                        role = assignment.role.title(),
                        scope = assignment.scope,
                        ?outcome,
                        "role assignment"
                    );
                    assigned.outcomes.push((assignment, outcome));
                }
                Err(failure) => assigned.failures.push((assignment, failure)),
            }
        }
        assigned
    }
}

/// Gives rights in the name of one cluster.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Assigner<'a> {
    pub(crate) session: Session<'a>,
    /// By which what is ours is found again: an assignment has no tags.
    pub(crate) description: &'a str,
}

impl Assigner<'_> {
    /// Which of them are there. Only reads, as many at once as is polite.
    pub(crate) async fn look_all(&self, assignments: Vec<RoleAssignment>) -> Assigned {
        let asked = assignments.into_iter().map(|assignment| async move {
            let result = self.look(&assignment).await;
            (assignment, result)
        });
        Assigned::of(stream::iter(asked).buffered(AT_ONCE).collect().await)
    }

    /// Gives those that are missing. One that fails does not keep the others from being given.
    pub(crate) async fn give_missing(&self, found: Assigned) -> Assigned {
        let asked = found
            .outcomes
            .into_iter()
            .map(|(assignment, outcome)| async move {
                let result = match outcome {
                    AssignmentOutcome::Missing => self.make(&assignment).await,
                    outcome => Ok(outcome),
                };
                (assignment, result)
            });
        let ended = stream::iter(asked).buffered(AT_ONCE).collect().await;
        let mut assigned = Assigned::of(ended);
        let mut failures = found.failures;
        failures.append(&mut assigned.failures);
        assigned.failures = failures;
        assigned
    }

    /// Gives one, unless it is there.
    ///
    /// # Errors
    /// What ARM said, naming the identity, and what helps.
    pub(crate) async fn give(
        &self,
        assignment: &RoleAssignment,
    ) -> Result<AssignmentOutcome, FailedOperation> {
        match self.look(assignment).await? {
            AssignmentOutcome::Missing => self.make(assignment).await,
            outcome => Ok(outcome),
        }
    }

    /// Whether the right is there under its own name, or cannot be.
    ///
    /// # Errors
    /// As [`give`](Self::give).
    pub(crate) async fn look(
        &self,
        assignment: &RoleAssignment,
    ) -> Result<AssignmentOutcome, FailedOperation> {
        self.get(assignment)
            .await
            .map_err(|error| failure(assignment, error))
    }

    async fn make(&self, assignment: &RoleAssignment) -> Result<AssignmentOutcome, FailedOperation> {
        let step = self.session.cx.begin(format!(
            "give the {} {} on {}",
            assignment.identity,
            assignment.role.title(),
            title(&assignment.scope)
        ));
        let made = step.end(self.put(assignment).await);
        made.map_err(|error| failure(assignment, error))
    }

    async fn get(&self, assignment: &RoleAssignment) -> Result<AssignmentOutcome, ArmError> {
        let request = ArmRequest::get(self.session.arm.url(&assignment.id(), ROLE_ASSIGNMENTS)?);
        match self.session.arm.send(self.session.cx, &request).await {
            Ok(_) => Ok(AssignmentOutcome::Exists),
            Err(error) if answer(&error) == Some(Answer::NoScope) => Ok(AssignmentOutcome::NoScope),
            Err(error) if error.status() == Some(404) => Ok(AssignmentOutcome::Missing),
            Err(error) => Err(error),
        }
    }

    async fn put(&self, assignment: &RoleAssignment) -> Result<AssignmentOutcome, ArmError> {
        let url = self.session.arm.url(&assignment.id(), ROLE_ASSIGNMENTS)?;
        let request = ArmRequest::put(url, &assignment.body(self.description))?;
        let began = Instant::now();
        let left = self
            .session
            .cx
            .deadline()
            .map_or(UNKNOWN, |deadline| deadline.saturating_duration_since(began) / 2);
        // What comes afterwards needs time too.
        let patience = UNKNOWN.min(left);
        let mut wait = self.session.options.poll;
        loop {
            let Err(error) = self.session.arm.send(self.session.cx, &request).await else {
                return Ok(AssignmentOutcome::Created);
            };
            match answer(&error) {
                Some(Answer::There) => return Ok(AssignmentOutcome::Exists),
                Some(Answer::NoScope) => return Ok(AssignmentOutcome::NoScope),
                Some(Answer::Again) if began.elapsed() + wait < patience => {
                    tracing::debug!(
                        identity = assignment.identity.as_str(),
                        principal = assignment.principal,
                        "Entra ID does not know the identity yet"
                    );
                    let doing = || format!("while waiting for Entra ID to know the {}", assignment.identity);
                    self.session.arm.pause(self.session.cx, wait, doing).await?;
                    wait = (wait * 2).min(MAX_WAIT);
                }
                _ => return Err(error),
            }
        }
    }
}

fn failure(assignment: &RoleAssignment, error: ArmError) -> FailedOperation {
    let unknown_yet = answer(&error) == Some(Answer::Again);
    let forbidden = error.status() == Some(403);
    let code = error.code().unwrap_or_default().to_owned();
    let did = if error.may_have_taken_effect() {
        "may not have got"
    } else {
        "did not get"
    };
    let error = of_role_assignment(error);
    let correlation_id = error.correlation_id().map(str::to_owned);
    let hints = match error.hints() {
        _ if unknown_yet => vec![
            format!(
                "the {} was made just now: run it again in some minutes",
                assignment.identity
            )
            .into(),
        ],
        // Its code is not known.
        [] if forbidden => vec!["ask whoever may give rights there to make this assignment".into()],
        hints => hints.to_vec(),
    };
    tracing::debug!(
        identity = assignment.identity.as_str(),
        role = assignment.role.title(),
        scope = assignment.scope,
        code,
        "role assignment failed"
    );
    FailedOperation {
        resource: assignment.scope.clone(),
        code: if code.is_empty() {
            error.kind().to_string()
        } else {
            code
        },
        message: format!(
            "the {} {} {did} {}: {}",
            assignment.identity,
            assignment.principal,
            assignment.role.title(),
            said(&error)
        ),
        correlation_id,
        hints,
        causes: Vec::new(),
    }
}

/// The whole chain in one sentence.
fn said(error: &Error) -> String {
    let mut text = error.to_string();
    let mut next = std::error::Error::source(error);
    while let Some(source) = next {
        text = format!("{text}: {source}");
        next = source.source();
    }
    text
}

/// The error of rights that could not be given; `besides` says what became of everything else.
pub(crate) fn refused(failures: Vec<(RoleAssignment, FailedOperation)>, besides: &str) -> Option<Error> {
    let count = match failures.len() {
        0 => return None,
        1 => "one right".to_owned(),
        several => format!("{several} rights"),
    };
    let failures = failures.into_iter().map(|(_, failure)| failure).collect();
    Some(
        Error::new(
            ErrorKind::Failed,
            format!("{count} could not be given; {besides}"),
        )
        .with_failures(failures)
        .with_hint("do what the details say, then run it again"),
    )
}
