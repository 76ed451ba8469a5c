//! Following a stack: what is made is told resource by resource, until the stack is over.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::time::Duration;

use kompox_arm::{ArmError, ArmRequest, Pace};
use kompox_domain::context::Step;
use kompox_domain::{Argument, Error, ErrorKind, Hint, Result};

use super::operations::{Deployment, Operation, Reader};
use crate::advice::to_domain;
use crate::api::STACKS;
use crate::observe::ProvisionedCluster;
use crate::observe::stack::{Stack, StackState};
use crate::resource_name::title;

/// How many resources a message names.
const NAMED: usize = 5;

/// Follows the stack of a cluster.
pub(crate) struct Follower<'a> {
    work: &'a ProvisionedCluster<'a>,
    reader: Reader,
    /// What was there before: it is updated, not created.
    before: BTreeSet<String>,
    told: BTreeMap<String, Told>,
    /// The deployment of the operation before: what it did is no news.
    over: Option<String>,
}

/// What was told about a resource.
enum Told {
    UnderWay { step: Step, what: String, state: String },
    Over,
}

/// What one look showed.
pub(crate) struct Look {
    pub(crate) stack: Option<Stack>,
    /// How long ARM asks to wait before the next one.
    asked: Option<Duration>,
    /// Whether anything came to pass since the last one.
    changed: bool,
}

impl Look {
    /// How long to wait before the next one: not long where something moves, and never less than asked.
    fn wait(&self, pace: &mut Pace) -> Duration {
        if self.changed {
            pace.restart();
        }
        pace.wait().max(self.asked.unwrap_or_default())
    }
}

impl<'a> Follower<'a> {
    pub(crate) fn new(work: &'a ProvisionedCluster<'a>, before: Option<&Stack>) -> Self {
        let before = before
            .iter()
            .flat_map(|stack| &stack.properties.resources)
            .map(|resource| resource.id.to_lowercase())
            .collect();
        Self {
            work,
            reader: Reader::default(),
            before,
            told: BTreeMap::new(),
            over: None,
        }
    }

    /// The same for an operation that is only about to begin: what the stack shows of its deployment until then is
    /// that of the one before.
    pub(crate) fn of_next(work: &'a ProvisionedCluster<'a>, before: Option<&Stack>) -> Self {
        let over = before.and_then(|stack| stack.properties.deployment_id.clone());
        Self {
            over,
            ..Self::new(work, before)
        }
    }

    /// Looks at the stack, and at what its deployment does.
    pub(crate) async fn look(&mut self) -> Result<Look, ArmError> {
        let work = self.work;
        let request = ArmRequest::get(work.session.arm.url(&work.stack.path(), STACKS)?);
        let response = match work.session.arm.send(work.session.cx, &request).await {
            Ok(response) => response,
            Err(error) if error.is_not_found() => {
                return Ok(Look {
                    stack: None,
                    asked: None,
                    changed: true,
                });
            }
            Err(error) => return Err(error),
        };
        let stack: Stack = response.json()?;
        let mut changed = false;
        if stack.deploys()
            && let Some(id) = &stack.properties.deployment_id
            && self.over.as_ref() != Some(id)
        {
            let deployment = self.reader.read(work.session, id).await;
            changed = self.tell(&deployment);
        }
        Ok(Look {
            stack: Some(stack),
            asked: response.retry_after(),
            changed,
        })
    }

    /// Tells what is new, and whether anything is.
    fn tell(&mut self, deployment: &Deployment) -> bool {
        let mut news = false;
        for operation in deployment.resources() {
            news |= self.tell_one(operation);
        }
        news
    }

    fn tell_one(&mut self, operation: &Operation) -> bool {
        let key = operation.resource.to_lowercase();
        let told = self.told.remove(&key);
        let (step, what, state) = match told {
            Some(Told::Over) => {
                self.told.insert(key, Told::Over);
                return false;
            }
            Some(Told::UnderWay { step, what, state }) => (step, what, state),
            None => {
                let verb = if self.before.contains(&key) {
                    "update"
                } else {
                    "create"
                };
                let what = format!("{verb} {}", title(&operation.resource));
                (self.work.session.cx.begin(&what), what, String::new())
            }
        };
        let news = state != operation.state;
        if news {
            step.state(&operation.state, None);
        }
        let now = if operation.succeeded() {
            end(step, true);
            Told::Over
        } else if operation.failed() {
            end(step, false);
            Told::Over
        } else {
            Told::UnderWay {
                step,
                what,
                state: operation.state.clone(),
            }
        };
        self.told.insert(key, now);
        news
    }

    /// Looks again and again, as long as somebody waits for something else.
    pub(crate) async fn alongside(&mut self) -> Infallible {
        let mut pace = Pace::new(self.work.session.options.poll);
        let mut wait = pace.wait();
        loop {
            tokio::time::sleep(wait).await;
            wait = match self.look().await {
                Ok(look) => look.wait(&mut pace),
                Err(error) => {
                    // Whoever waits learns of what matters from what is waited for.
                    tracing::debug!(%error, "what the stack does cannot be read");
                    pace.wait()
                }
            };
        }
    }

    /// Waits until the stack is over, or gone.
    ///
    /// # Errors
    /// `Timeout`, with what still goes on.
    pub(crate) async fn until_over(&mut self, step: &Step) -> Result<Option<Stack>> {
        let mut pace = Pace::new(self.work.session.options.poll);
        let mut last: Option<String> = None;
        loop {
            let look = match self.look().await {
                Ok(look) => look,
                Err(error) if error.is_deadline() => return Err(self.timeout(last.as_deref())),
                Err(error) => return Err(to_domain(error)),
            };
            let wait = look.wait(&mut pace);
            let Some(stack) = look.stack else { return Ok(None) };
            if stack.state() != StackState::Busy {
                return Ok(Some(stack));
            }
            step.state(stack.state_word(), None);
            last = Some(stack.state_word().to_owned());
            let doing = || String::new();
            if self
                .work
                .session
                .arm
                .pause(self.work.session.cx, wait, doing)
                .await
                .is_err()
            {
                return Err(self.timeout(Some(stack.state_word())));
            }
        }
    }

    /// The stack ended well: so did everything in it.
    pub(crate) fn succeeded(&mut self) {
        for told in std::mem::take(&mut self.told).into_values() {
            if let Told::UnderWay { step, .. } = told {
                end(step, true);
            }
        }
    }

    /// The error at a deadline: what still goes on, and how to pick it up again.
    pub(crate) fn timeout(&self, state: Option<&str>) -> Error {
        let open: Vec<String> = self
            .told
            .values()
            .filter_map(|told| match told {
                Told::UnderWay { what, state, .. } => Some(format!("{what} ({state})")),
                Told::Over => None,
            })
            .collect();
        let state = state.map_or_else(|| "under way".to_owned(), |state| format!("in state {state}"));
        let mut message = format!(
            "the deadline passed while deployment stack {} was {state}",
            self.work.stack.name
        );
        if !open.is_empty() {
            let named: Vec<&str> = open.iter().take(NAMED).map(String::as_str).collect();
            message = format!("{message}: {}", named.join(", "));
            if open.len() > NAMED {
                message = format!("{message} and {} more", open.len() - NAMED);
            }
        }
        Error::new(ErrorKind::Timeout, message)
            .with_correlation_id(self.work.session.arm.correlation_id())
            .with_hints([
                Hint::command(
                    "it goes on in Azure, and provisioning again picks it up; wait for it",
                    kompox_domain::Operation::ClusterWait,
                ),
                Hint::argument("give it more time", Argument::Timeout),
                Hint::foreign(
                    "let a stack go that is stuck for hours, which deletes nothing",
                    "az stack sub delete --action-on-unmanage detachAll",
                ),
            ])
    }
}

fn end(step: Step, well: bool) {
    let result = if well {
        Ok(())
    } else {
        Err(Error::new(ErrorKind::Failed, String::new()))
    };
    // The step tells; nobody asks for the rest.
    let _ = step.end(result);
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use kompox_arm::ArmOptions;
    use kompox_arm::fuzzing::{client, signed_in};
    use kompox_domain::Context;
    use kompox_domain::ids::SystemUlids;
    use kompox_domain::progress::Silent;
    use kompox_kube::SystemResolver;
    use serde_json::json;
    use tokio::time::Instant;

    use super::*;
    use crate::session::Session;
    use crate::template::tests::{own, provider, scope};

    /// Seconds from the beginning at which a stack was looked at that takes so long, and then the end.
    async fn looks(takes: f64, retry_after: Option<u64>) -> (Vec<f64>, f64) {
        let begun = Instant::now();
        let looks: Arc<Mutex<Vec<f64>>> = Arc::default();
        let looked = Arc::clone(&looks);
        let scripted = move |url: &url::Url| {
            signed_in(url).unwrap_or_else(|| {
                let since = begun.elapsed().as_secs_f64();
                looked.lock().unwrap().push(since);
                let state = if since < takes { "deploying" } else { "succeeded" };
                let body = json!({"id": "/x", "properties": {"provisioningState": state}});
                let asked = retry_after.map(|seconds| ("retry-after".to_owned(), seconds.to_string()));
                (200, asked.into_iter().collect(), body.to_string().into_bytes())
            })
        };
        let options = ArmOptions::default();
        let arm = client(scripted, options).unwrap();
        let cx = Context::new(Arc::new(Silent), Arc::new(SystemUlids::default()));
        let (scope, provider) = (scope(&[]), provider());
        let own = own(&scope);
        let session = Session {
            arm: &arm,
            cx: &cx,
            provider: &provider,
            options,
            resolver: &SystemResolver,
        };
        let work = ProvisionedCluster::new(session, &scope, &own);
        let step = cx.begin("test");
        let stack = Follower::new(&work, None).until_over(&step).await;
        let stack = step.end(stack).unwrap().unwrap();
        assert_eq!(stack.state(), StackState::Succeeded);
        let looks = looks.lock().unwrap().clone();
        (looks, begun.elapsed().as_secs_f64())
    }

    fn waits(looks: &[f64]) -> Vec<u64> {
        looks
            .windows(2)
            .map(|pair| (pair[1] - pair[0]).floor() as u64)
            .collect()
    }

    #[tokio::test(start_paused = true)]
    async fn a_stack_is_looked_at_after_1_2_3_and_5_seconds_then_every_10_and_as_azure_asks() {
        let (looks_alone, _) = looks(45.0, None).await;
        assert_eq!(waits(&looks_alone), [1, 2, 3, 5, 10, 10, 10, 10]);
        let (asked, _) = looks(45.0, Some(17)).await;
        assert_eq!(waits(&asked), [17, 17, 17]);
    }

    #[tokio::test(start_paused = true)]
    async fn the_end_of_a_stack_is_noticed_within_ten_seconds_however_late_it_comes() {
        for takes in [0.5, 7.0, 61.0, 3_599.0] {
            let (looks, returned) = looks(takes, None).await;
            let last = waits(&looks).last().copied().unwrap_or_default();
            assert!(
                returned >= takes && returned - takes <= last as f64 + 0.5,
                "{takes}: {returned}"
            );
        }
    }
}
