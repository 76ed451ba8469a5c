//! A graph of files: its circles, its layers, and the edges that close a circle.

use std::collections::{BTreeMap, BTreeSet};

/// Where a file names what another one defines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Use {
    /// The path, as it is written.
    pub(crate) name: String,
    /// The line in which it stands.
    pub(crate) line: usize,
}

/// That a file uses another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Edge<'g> {
    pub(crate) from: &'g str,
    pub(crate) to: &'g str,
    pub(crate) uses: &'g [Use],
}

/// Files, and which of them use which.
#[derive(Debug, Default)]
pub(crate) struct Graph {
    edges: BTreeMap<String, BTreeMap<String, Vec<Use>>>,
}

impl Graph {
    pub(crate) fn add_file(&mut self, file: &str) {
        self.edges.entry(file.to_owned()).or_default();
    }

    /// Adds a use of one file in another; within a file it is none.
    pub(crate) fn add(&mut self, from: &str, to: &str, used: Use) {
        if from == to {
            return;
        }
        self.add_file(to);
        let uses = self
            .edges
            .entry(from.to_owned())
            .or_default()
            .entry(to.to_owned())
            .or_default();
        if !uses.contains(&used) {
            uses.push(used);
        }
    }

    /// All files, sorted.
    pub(crate) fn files(&self) -> impl Iterator<Item = &str> {
        self.edges.keys().map(String::as_str)
    }

    /// All edges, sorted.
    pub(crate) fn edges(&self) -> impl Iterator<Item = Edge<'_>> {
        self.edges
            .iter()
            .flat_map(|(from, targets)| targets.iter().map(move |(to, uses)| Edge { from, to, uses }))
    }

    /// This graph with other nodes: files of the same name become one, and those without a name are left out.
    pub(crate) fn renamed(&self, name: impl Fn(&str) -> Option<String>) -> Self {
        let mut renamed = Self::default();
        for file in self.files().filter_map(&name) {
            renamed.add_file(&file);
        }
        for edge in self.edges() {
            if let (Some(from), Some(to)) = (name(edge.from), name(edge.to)) {
                for used in edge.uses {
                    renamed.add(&from, &to, used.clone());
                }
            }
        }
        renamed
    }

    /// The sets of files of which each reaches each other; only those with more than one file.
    pub(crate) fn circles(&self) -> Vec<BTreeSet<&str>> {
        let mut circles = self.components();
        circles.retain(|component| component.len() > 1);
        circles
    }

    /// Files in layers: each uses only what is in layers before its own, or in its own circle. The parts of a
    /// layer are circles; most are of one file.
    pub(crate) fn layers(&self) -> Vec<Vec<BTreeSet<&str>>> {
        let mut left = self.components();
        let mut below = BTreeSet::new();
        let mut layers = Vec::new();
        while !left.is_empty() {
            let (layer, above): (Vec<_>, Vec<_>) = left.into_iter().partition(|component| {
                component
                    .iter()
                    .flat_map(|file| self.used_by(file))
                    .all(|used| component.contains(used) || below.contains(used))
            });
            below.extend(layer.iter().flatten().copied());
            layers.push(layer);
            left = above;
        }
        layers
    }

    /// The edges within a set of files.
    pub(crate) fn within<'g>(&'g self, files: &BTreeSet<&str>) -> Vec<Edge<'g>> {
        let inside = |edge: &Edge<'_>| files.contains(edge.from) && files.contains(edge.to);
        self.edges().filter(inside).collect()
    }

    /// Few edges of a circle, with few uses, without which it is none: those that point upwards in an order of
    /// the files that was improved until moving one file did not help. The smallest set is hard to find; this
    /// one shows where to begin.
    pub(crate) fn feedback<'g>(&'g self, circle: &BTreeSet<&'g str>) -> Vec<Edge<'g>> {
        let edges = self.within(circle);
        let number: BTreeMap<&str, usize> = circle.iter().enumerate().map(|(at, file)| (*file, at)).collect();
        let mut uses = vec![vec![0_isize; number.len()]; number.len()];
        for edge in &edges {
            if let (Some(from), Some(to)) = (number.get(edge.from), number.get(edge.to)) {
                uses[*from][*to] = edge.uses.len().cast_signed();
            }
        }
        let mut order = first_order(&uses);
        while improve(&mut order, &uses) {}
        let place = |file: &str| order.iter().position(|at| number.get(file) == Some(at));
        edges
            .into_iter()
            .filter(|edge| place(edge.to) > place(edge.from))
            .collect()
    }

    fn used_by(&self, file: &str) -> impl Iterator<Item = &str> {
        self.edges
            .get(file)
            .into_iter()
            .flat_map(BTreeMap::keys)
            .map(String::as_str)
    }

    /// The strongly connected components. Files are numbers meanwhile: their names are long, and alike.
    fn components(&self) -> Vec<BTreeSet<&str>> {
        let files: Vec<&str> = self.files().collect();
        let number: BTreeMap<&str, usize> = files.iter().enumerate().map(|(at, file)| (*file, at)).collect();
        let used: Vec<Vec<usize>> = files
            .iter()
            .map(|file| {
                self.used_by(file)
                    .filter_map(|used| number.get(used).copied())
                    .collect()
            })
            .collect();
        let reached: Vec<Vec<bool>> = (0..files.len()).map(|from| reached_from(from, &used)).collect();
        let mut taken = vec![false; files.len()];
        let mut components = Vec::new();
        for file in 0..files.len() {
            if taken[file] {
                continue;
            }
            let together = |other: &usize| *other == file || reached[file][*other] && reached[*other][file];
            let component: Vec<usize> = (file..files.len()).filter(together).collect();
            for member in &component {
                taken[*member] = true;
            }
            components.push(component.into_iter().map(|member| files[member]).collect());
        }
        components
    }
}

/// Which files a file reaches.
fn reached_from(file: usize, used: &[Vec<usize>]) -> Vec<bool> {
    let mut reached = vec![false; used.len()];
    let mut open = vec![file];
    while let Some(file) = open.pop() {
        for next in &used[file] {
            if !std::mem::replace(&mut reached[*next], true) {
                open.push(*next);
            }
        }
    }
    reached
}

/// A first order of the files of a circle: what uses little of the others and is used much by them comes first.
fn first_order(uses: &[Vec<isize>]) -> Vec<usize> {
    let mut left: Vec<usize> = (0..uses.len()).collect();
    let mut order = Vec::new();
    while !left.is_empty() {
        let surplus = |file: usize| -> isize {
            left.iter()
                .map(|other| uses[file][*other] - uses[*other][file])
                .sum()
        };
        let Some(at) = (0..left.len()).min_by_key(|at| surplus(left[*at])) else {
            break;
        };
        order.push(left.remove(at));
    }
    order
}

/// Moves one file to where fewer uses point upwards. Whether there was one to move.
fn improve(order: &mut Vec<usize>, uses: &[Vec<isize>]) -> bool {
    for at in 0..order.len() {
        let file = order[at];
        let others: Vec<usize> = order.iter().copied().filter(|other| *other != file).collect();
        // What it costs to stand before the first of the others, and how that changes from place to place.
        let mut cost: isize = others.iter().map(|other| uses[file][*other]).sum();
        let mut costs = vec![cost];
        for other in others {
            cost += uses[other][file] - uses[file][other];
            costs.push(cost);
        }
        let Some(best) = (0..costs.len()).min_by_key(|place| costs[*place]) else {
            continue;
        };
        if costs[best] < costs[at] {
            order.remove(at);
            order.insert(best, file);
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A graph from its edges: who uses whom, how often.
    fn graph(edges: &[(&str, &str, usize)]) -> Graph {
        let mut graph = Graph::default();
        for (from, to, times) in edges {
            for line in 0..*times {
                let name = "x".to_owned();
                graph.add(from, to, Use { name, line });
            }
        }
        graph
    }

    #[test]
    fn files_that_reach_each_other_are_a_circle() {
        let line = graph(&[("a", "b", 1), ("b", "c", 1), ("a", "c", 1), ("a", "a", 1)]);
        assert!(line.circles().is_empty());
        let two = graph(&[
            ("a", "b", 1),
            ("b", "a", 1),
            ("b", "c", 1),
            ("c", "d", 1),
            ("d", "e", 1),
            ("e", "c", 1),
        ]);
        assert_eq!(
            two.circles(),
            [BTreeSet::from(["a", "b"]), BTreeSet::from(["c", "d", "e"])]
        );
    }

    #[test]
    fn layers_stand_on_those_before() {
        let graph = graph(&[
            ("a", "b", 1),
            ("b", "c", 1),
            ("c", "b", 1),
            ("a", "d", 1),
            ("e", "d", 1),
        ]);
        let layers = graph.layers();
        assert_eq!(
            layers,
            [
                vec![BTreeSet::from(["b", "c"]), BTreeSet::from(["d"])],
                vec![BTreeSet::from(["a"]), BTreeSet::from(["e"])],
            ]
        );
    }

    #[test]
    fn the_edges_to_cut_are_few_and_break_every_circle() {
        let graph = graph(&[
            ("a", "b", 9),
            ("b", "c", 9),
            ("c", "a", 2),
            ("c", "d", 1),
            ("d", "a", 5),
            ("d", "b", 5),
        ]);
        let circles = graph.circles();
        let cut: Vec<(&str, &str)> = graph
            .feedback(&circles[0])
            .iter()
            .map(|edge| (edge.from, edge.to))
            .collect();
        assert_eq!(cut, [("c", "a"), ("c", "d")]);
        let mut left = Graph::default();
        for edge in graph.edges().filter(|edge| !cut.contains(&(edge.from, edge.to))) {
            left.add(edge.from, edge.to, edge.uses[0].clone());
        }
        assert!(left.circles().is_empty());
    }

    #[test]
    fn files_can_be_taken_together() {
        let files = graph(&[
            ("a/1", "b/1", 1),
            ("b/2", "a/2", 1),
            ("a/1", "a/2", 1),
            ("c", "a/1", 1),
        ]);
        assert!(files.circles().is_empty());
        let directories = files.renamed(|file| (file != "c").then(|| file[..1].to_owned()));
        assert_eq!(directories.circles(), [BTreeSet::from(["a", "b"])]);
        assert_eq!(directories.edges().count(), 2);
    }
}
