//! One scenario after the other, from a seed.

use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use super::run::{Stage, run};
use super::scenario::{Scenario, scenarios};

/// Calls that each operator makes at most in one scenario.
const CALLS: usize = 6;
/// An embedded Azure remembers what it was asked; after so many scenarios it is replaced.
const FRESH_AFTER: u64 = 500;

/// What was done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Scenarios.
    pub scenarios: u64,
    /// Calls in them, those run again included.
    pub steps: usize,
}

/// A run of scenarios. The scenario after that of a seed is that of the next seed.
pub struct Soak {
    seed: u64,
    stage: Stage,
    tally: Tally,
}

impl Soak {
    /// Begins with the scenario of this seed.
    pub async fn new(seed: u64) -> Self {
        Self {
            seed,
            stage: Stage::new().await,
            tally: Tally::default(),
        }
    }

    /// The scenario of a seed.
    #[must_use]
    pub fn scenario(seed: u64) -> Scenario {
        let mut bytes = [0; 32];
        for (place, byte) in bytes.iter_mut().zip(seed.to_le_bytes()) {
            *place = byte;
        }
        let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
        let mut runner = TestRunner::new_with_rng(Config::default(), rng);
        let tree = scenarios(CALLS).new_tree(&mut runner);
        tree.expect("no scenario is filtered out").current()
    }

    /// Runs the next scenario, and tells what was done so far.
    ///
    /// # Errors
    /// The seed of the scenario that failed, why, what happened, and the scenario.
    pub async fn next(&mut self) -> Result<Tally, (u64, String)> {
        let seed = self.seed.wrapping_add(self.tally.scenarios);
        if self.tally.scenarios % FRESH_AFTER == FRESH_AFTER - 1 {
            self.stage = Stage::new().await;
        }
        let scenario = Self::scenario(seed);
        let ran = run(&self.stage, &scenario).await;
        self.tally.steps += ran.map_err(|what| (seed, format!("{what}{scenario:?}")))?;
        self.tally.scenarios += 1;
        Ok(self.tally)
    }
}
