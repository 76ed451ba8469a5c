//! A fault plan at work: compiled patterns, counters and dice.

use http::Method;
use regex::{Regex, RegexBuilder};

use super::{FaultAction, FaultPlan, FaultRule, OperationFault, Race};
use crate::error::EmulatorError;

/// The longest delay of a request, all rules together: longer than any client waits.
const MAX_DELAY_MS: u64 = 60 * 60 * 1_000;

/// A plan with its counters.
#[derive(Debug, Default)]
pub struct ActivePlan {
    rules: Vec<ActiveRule>,
    dice: u64,
}

#[derive(Debug)]
struct ActiveRule {
    rule: FaultRule,
    methods: Option<Vec<String>>,
    path: Option<Regex>,
    path_and_query: Option<Regex>,
    matched: u32,
    fired: u32,
}

/// What the plan has in store for one request.
#[derive(Debug, Default)]
pub struct Verdict {
    /// How long it waits before it is handled.
    pub delay_ms: u64,
    /// Other writers that come before or after it.
    pub races: Vec<Race>,
    /// How the operation that it starts goes.
    pub operation: Option<OperationFault>,
    /// One of the actions that end the search.
    pub action: Option<FaultAction>,
}

impl ActivePlan {
    /// Compiles a plan.
    pub fn new(plan: FaultPlan) -> Result<Self, EmulatorError> {
        let rules = plan
            .rules
            .into_iter()
            .map(ActiveRule::new)
            .collect::<Result<_, _>>()?;
        Ok(Self {
            rules,
            dice: plan.seed,
        })
    }

    /// Consults the rules about one request.
    pub fn judge(&mut self, method: &Method, path: &str, path_and_query: &str) -> Verdict {
        self.judge_by(method, path, path_and_query, |_| true)
    }

    /// Consults the rules about a request that a deployment or a stack makes: those that name its method. A rule
    /// for any method is about what a client sends, and so is one about connections; neither counts it.
    pub fn judge_inner(&mut self, method: &Method, path: &str, path_and_query: &str) -> Verdict {
        self.judge_by(method, path, path_and_query, |active| {
            let about_resources = matches!(
                active.rule.action,
                FaultAction::Respond(_)
                    | FaultAction::ReplicationLag(_)
                    | FaultAction::Operation(_)
                    | FaultAction::Race(_)
                    | FaultAction::Hang
            );
            active.methods.is_some() && about_resources && !active.rule.clients_only
        })
    }

    fn judge_by(
        &mut self,
        method: &Method,
        path: &str,
        path_and_query: &str,
        concerned: impl Fn(&ActiveRule) -> bool,
    ) -> Verdict {
        let mut verdict = Verdict::default();
        for index in 0..self.rules.len() {
            let awaited = self.rules.get(index).and_then(|active| active.rule.once_fired);
            let awaits = awaited.is_some_and(|rule| self.rules.get(rule).is_none_or(|rule| rule.fired == 0));
            let Some(active) = self.rules.get_mut(index).filter(|active| concerned(active)) else {
                continue;
            };
            if awaits || !active.matches(method, path, path_and_query) || !active.fires(&mut self.dice) {
                continue;
            }
            match &active.rule.action {
                FaultAction::Delay { milliseconds } => {
                    verdict.delay_ms = verdict.delay_ms.saturating_add(*milliseconds).min(MAX_DELAY_MS);
                }
                FaultAction::Race(race) => verdict.races.push(race.clone()),
                FaultAction::Operation(fault) => verdict.operation = Some(fault.clone()),
                action => {
                    verdict.action = Some(action.clone());
                    break;
                }
            }
        }
        verdict
    }
}

impl ActiveRule {
    fn new(rule: FaultRule) -> Result<Self, EmulatorError> {
        if rule
            .probability
            .is_some_and(|chance| !(0.0..=1.0).contains(&chance))
        {
            return Err(EmulatorError::FaultPlan(
                "a probability lies between 0 and 1".to_owned(),
            ));
        }
        if matches!(rule.action, FaultAction::Delay { milliseconds } if milliseconds > MAX_DELAY_MS) {
            return Err(EmulatorError::FaultPlan(format!(
                "a delay lasts {MAX_DELAY_MS} milliseconds at most"
            )));
        }
        if let FaultAction::Respond(respond) = &rule.action {
            check_respond(respond.status, respond.headers.iter())?;
        }
        if let FaultAction::Operation(OperationFault {
            monitor_error: Some(error),
            ..
        }) = &rule.action
        {
            check_respond(error.status, std::iter::empty())?;
        }
        let compile = |pattern: &str| {
            RegexBuilder::new(pattern)
                .case_insensitive(true)
                .build()
                .map_err(|error| EmulatorError::FaultPlan(error.to_string()))
        };
        let path = rule
            .path
            .as_deref()
            .map(|glob| compile(&glob_to_regex(glob)))
            .transpose()?;
        let path_and_query = rule.path_regex.as_deref().map(compile).transpose()?;
        let methods = rule
            .method
            .as_deref()
            .filter(|methods| *methods != "*")
            .map(|methods| {
                methods
                    .split('|')
                    .map(|method| method.trim().to_ascii_uppercase())
                    .collect()
            });
        Ok(Self {
            rule,
            methods,
            path,
            path_and_query,
            matched: 0,
            fired: 0,
        })
    }

    fn matches(&self, method: &Method, path: &str, path_and_query: &str) -> bool {
        self.methods
            .as_ref()
            .is_none_or(|methods| methods.iter().any(|wanted| wanted == method.as_str()))
            && self.path.as_ref().is_none_or(|pattern| pattern.is_match(path))
            && self
                .path_and_query
                .as_ref()
                .is_none_or(|pattern| pattern.is_match(path_and_query))
    }

    fn fires(&mut self, dice: &mut u64) -> bool {
        self.matched = self.matched.saturating_add(1);
        if self.matched <= self.rule.skip || self.rule.count.is_some_and(|count| self.fired >= count) {
            return false;
        }
        if self.rule.probability.is_some_and(|chance| throw(dice) >= chance) {
            return false;
        }
        self.fired = self.fired.saturating_add(1);
        true
    }
}

fn check_respond<'a>(
    status: u16,
    mut headers: impl Iterator<Item = (&'a String, &'a String)>,
) -> Result<(), EmulatorError> {
    if !(200..=599).contains(&status) {
        return Err(EmulatorError::FaultPlan(format!(
            "{status} is no final HTTP status"
        )));
    }
    let bad = headers.find(|(name, value)| {
        http::HeaderName::try_from(name.as_str()).is_err()
            || http::HeaderValue::try_from(value.as_str()).is_err()
    });
    match bad {
        Some((name, _)) => Err(EmulatorError::FaultPlan(format!(
            "header {name:?} cannot be sent"
        ))),
        None => Ok(()),
    }
}

/// The next number in [0, 1).
#[expect(clippy::cast_precision_loss, reason = "the upper 53 bits fit an f64 exactly")]
fn throw(state: &mut u64) -> f64 {
    (next(state) >> 11) as f64 / (1_u64 << 53) as f64
}

/// The next number: splitmix64, so that a seed means the same on every machine.
pub(super) fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

fn glob_to_regex(glob: &str) -> String {
    let mut pattern = String::from("^");
    let mut rest = glob;
    while let Some(star) = rest.find('*') {
        pattern.push_str(&regex::escape(&rest[..star]));
        let many = rest[star..].starts_with("**");
        pattern.push_str(if many { ".*" } else { "[^/]*" });
        rest = &rest[star + if many { 2 } else { 1 }..];
    }
    pattern.push_str(&regex::escape(rest));
    pattern.push('$');
    pattern
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stays_within_a_segment_and_two_stars_do_not() {
        let pattern = |glob: &str| Regex::new(&glob_to_regex(glob)).unwrap();
        assert!(pattern("**/disks/*").is_match("/a/b/disks/x"));
        assert!(!pattern("**/disks/*").is_match("/a/disks/x/y"));
        assert!(!pattern("/a/*").is_match("/a/b/c"));
        assert!(pattern("/a(1)/*").is_match("/a(1)/c"));
    }

    #[test]
    fn delays_are_bounded_one_by_one_and_together() {
        let plan = |each: u64, count| {
            let rule = FaultRule::new("*", "**", FaultAction::Delay { milliseconds: each });
            ActivePlan::new(FaultPlan::new(vec![rule; count]))
        };
        assert!(plan(u64::MAX, 2).is_err() && plan(MAX_DELAY_MS + 1, 1).is_err());
        let mut two = plan(20, 2).unwrap();
        assert_eq!(two.judge(&Method::GET, "/x", "/x").delay_ms, 40);
        let mut many = plan(MAX_DELAY_MS, 3).unwrap();
        assert_eq!(many.judge(&Method::GET, "/x", "/x").delay_ms, MAX_DELAY_MS);
    }

    #[test]
    fn a_rule_that_waits_for_another_matches_nothing_before_that_has_fired() {
        let rules = [
            FaultRule::new("PUT", "**", FaultAction::ResetAfter)
                .after(1)
                .times(1),
            FaultRule::new(
                "PUT",
                "**",
                FaultAction::respond(429, "TooManyRequests", "Slow down."),
            )
            .once_fired(0)
            .times(1),
        ];
        let mut plan = ActivePlan::new(FaultPlan::new(rules)).unwrap();
        let mut next = || plan.judge(&Method::PUT, "/x", "/x").action;
        assert_eq!(next(), None);
        assert_eq!(next(), Some(FaultAction::ResetAfter));
        assert!(matches!(next(), Some(FaultAction::Respond(_))));
        assert_eq!(next(), None);
    }

    #[test]
    fn the_same_seed_throws_the_same_dice() {
        let (mut a, mut b) = (42, 42);
        let first: Vec<f64> = (0..100).map(|_| throw(&mut a)).collect();
        let second: Vec<f64> = (0..100).map(|_| throw(&mut b)).collect();
        assert_eq!(first, second);
        assert!(first.iter().all(|number| (0.0..1.0).contains(number)));
    }
}
