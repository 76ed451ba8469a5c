//! What is made of many runs, on a machine that has other things to do.

use crate::report::Result;

/// The middle one; of an even number the mean of the two in the middle. 0 of none.
pub(crate) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match (sorted.get(middle), sorted.len() % 2) {
        (None, _) => 0.0,
        (Some(value), 1) => *value,
        (Some(value), _) => f64::midpoint(sorted[middle - 1], *value),
    }
}

/// The least one. What disturbs a run only ever makes it longer.
pub(crate) fn minimum(values: &[f64]) -> f64 {
    values.iter().copied().fold(f64::INFINITY, f64::min)
}

/// Two programs in turns, so that whatever else the machine does meets both.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Turns {
    pub(crate) ours: Vec<f64>,
    pub(crate) bare: Vec<f64>,
}

impl Turns {
    /// How often ours is the other: the median of what each turn says.
    pub(crate) fn ratio(&self) -> f64 {
        median(&self.ratios())
    }

    /// The same of the quickest runs of both.
    pub(crate) fn ratio_of_minima(&self) -> f64 {
        minimum(&self.ours) / minimum(&self.bare)
    }

    fn ratios(&self) -> Vec<f64> {
        let turns = self.ours.iter().zip(&self.bare);
        turns.map(|(ours, bare)| ours / bare).collect()
    }
}

/// How many turns there are.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rounds {
    pub(crate) least: usize,
    pub(crate) most: usize,
}

/// Medians of two halves may differ by this much.
const TOLERANCE: f64 = 0.03;

/// Whether more runs would hardly say anything else: every other value has the same median as the rest.
pub(crate) fn settled(values: &[f64]) -> bool {
    let half = |first: usize| -> Vec<f64> { values.iter().skip(first).step_by(2).copied().collect() };
    let (even, odd) = (median(&half(0)), median(&half(1)));
    values.len() >= 4 && (even - odd).abs() <= TOLERANCE * even.min(odd)
}

/// Runs both in turns until the ratio has settled. Who begins changes every time, and a first turn that fills
/// the caches does not count.
pub(crate) fn alternate(
    rounds: Rounds,
    mut ours: impl FnMut() -> Result<f64>,
    mut bare: impl FnMut() -> Result<f64>,
) -> Result<Turns> {
    ours()?;
    bare()?;
    let mut turns = Turns::default();
    while turns.ours.len() < rounds.most {
        if turns.ours.len() >= rounds.least && settled(&turns.ratios()) {
            break;
        }
        let (first, second) = if turns.ours.len().is_multiple_of(2) {
            let first = ours()?;
            (first, bare()?)
        } else {
            let second = bare()?;
            (ours()?, second)
        };
        turns.ours.push(first);
        turns.bare.push(second);
    }
    Ok(turns)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle() {
        assert!((median(&[3.0, 1.0, 2.0]) - 2.0).abs() < 1e-9);
        assert!((median(&[4.0, 1.0, 2.0, 3.0]) - 2.5).abs() < 1e-9);
        assert!(median(&[]).abs() < 1e-9);
    }

    #[test]
    fn a_disturbed_turn_does_not_count() {
        let turns = Turns {
            ours: vec![2.0, 2.0, 90.0, 2.2, 2.1],
            bare: vec![1.0, 1.0, 1.0, 1.0, 70.0],
        };
        assert!((turns.ratio() - 2.0).abs() < 1e-9);
        assert!((turns.ratio_of_minima() - 2.0).abs() < 1e-9);
    }

    #[test]
    fn what_scatters_has_not_settled() {
        assert!(settled(&[1.0, 1.01, 0.99, 1.0, 5.0, 1.0, 1.0, 1.0]));
        assert!(!settled(&[1.0, 2.0, 1.0, 2.0, 1.0, 2.0]));
        assert!(!settled(&[1.0, 1.0]));
    }

    #[test]
    fn turns_go_on_until_they_agree_and_not_for_ever() {
        let rounds = Rounds { least: 4, most: 9 };
        let steady = alternate(rounds, || Ok(2.0), || Ok(1.0)).unwrap();
        assert_eq!(steady.ours.len(), 4);
        let mut value = 1.0;
        let wild = alternate(
            rounds,
            || {
                value *= 2.0;
                Ok(value)
            },
            || Ok(1.0),
        );
        assert_eq!(wild.unwrap().ours.len(), 9);
        assert!(alternate(rounds, || Err("no".into()), || Ok(1.0)).is_err());
    }
}
