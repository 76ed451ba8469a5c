//! What a command showed where every request takes 50 ms.

use std::collections::BTreeMap;

use crate::bench::log::{Kind, Request, chain};
use crate::bench::stats::{median, minimum, settled};
use crate::bench::table::{Row, Unit, count};
use crate::bench::tools::Run;

/// Milliseconds that every request takes.
pub(crate) const LATENCY: u32 = 50;

/// What the rounds of one command showed.
#[derive(Debug, Default)]
pub(crate) struct Shown {
    /// The requests of each round.
    rounds: Vec<Vec<Request>>,
    /// How often each took the time that its longest chain waits.
    shares: Vec<f64>,
}

impl Shown {
    /// Adds a round.
    pub(crate) fn add(&mut self, run: &Run, requests: &[Request]) {
        let waited = count(chain(requests, |_| true)) * f64::from(LATENCY);
        self.shares.push(run.wall / waited);
        self.rounds.push(requests.to_vec());
    }

    /// Whether more rounds would hardly say anything else.
    pub(crate) fn is_settled(&self) -> bool {
        settled(&self.shares)
    }

    /// The longest chain of any round.
    pub(crate) fn chain(&self, counted: fn(Kind) -> bool) -> usize {
        let chains = self.rounds.iter().map(|requests| chain(requests, counted));
        chains.max().unwrap_or(0)
    }

    /// The most requests of any round.
    pub(crate) fn most(&self, counted: fn(&Request) -> bool) -> usize {
        let counts = self
            .rounds
            .iter()
            .map(|requests| requests.iter().filter(|request| counted(request)).count());
        counts.max().unwrap_or(0)
    }

    /// How often one and the same was read in any round, at most.
    pub(crate) fn most_of_one(&self) -> usize {
        let rounds = self.rounds.iter().flat_map(|requests| {
            let reads = requests.iter().filter(|request| request.kind == Kind::Read);
            let mut counts = BTreeMap::new();
            for read in reads {
                *counts.entry(read.path.as_str()).or_insert(0) += 1;
            }
            counts.into_values()
        });
        rounds.max().unwrap_or(0)
    }

    /// The row about all requests.
    pub(crate) fn requests(&self, name: &str) -> Row {
        Row::told(
            format!("{name}: requests"),
            count(self.most(|_| true)),
            Unit::Count,
        )
    }

    /// The row about what is lost beside waiting.
    pub(crate) fn share(&self, name: &str) -> Row {
        let name = format!("{name}: time over the chain's share");
        Row::at_most(name, median(&self.shares), Unit::Ratio, 1.15).noting(format!(
            "{} runs; {:.2} of the quickest",
            self.shares.len(),
            minimum(&self.shares)
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(kind: Kind, started: f64) -> Request {
        Request {
            method: "GET".to_owned(),
            path: "/".to_owned(),
            status: Some(200),
            started,
            ended: Some(started + 50.0),
            kind,
        }
    }

    #[test]
    fn the_most_of_all_rounds_counts_and_time_is_compared_with_the_chain_of_its_own_round() {
        let run = |wall| Run {
            wall,
            memory: 0.0,
            ended: 0.0,
        };
        let short = [request(Kind::Token, 0.0), request(Kind::Read, 51.0)];
        let long = [
            request(Kind::Token, 0.0),
            request(Kind::Read, 51.0),
            request(Kind::Read, 60.0),
            request(Kind::Write, 120.0),
        ];
        let mut shown = Shown::default();
        shown.add(&run(110.0), &short);
        shown.add(&run(165.0), &long);
        assert_eq!(shown.chain(|_| true), 3);
        assert_eq!(shown.chain(|kind| kind != Kind::Token), 2);
        assert_eq!(shown.most(|request| request.kind == Kind::Read), 2);
        assert_eq!(shown.most_of_one(), 2);
        let share = shown.share("x");
        assert!((share.value - 1.1).abs() < 1e-9, "{share:?}");
        assert_eq!(share.met, Some(true));
    }
}
