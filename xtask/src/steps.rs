//! The steps of `cargo xtask check`, and their order.

use std::time::Instant;

use crate::output::Output;
use crate::report::{Finding, Result};
use crate::rules;
use crate::workspace::Workspace;

/// A named check.
#[derive(Debug)]
pub(crate) struct Step {
    /// Its name on the command line.
    pub(crate) name: &'static str,
    about: &'static str,
    run: fn(&Workspace) -> Result<Vec<Finding>>,
}

/// Every step. Those that compile come last: the others answer in seconds.
pub(crate) const STEPS: &[Step] = &[
    Step {
        name: "format",
        about: "the sources are as rustfmt writes them",
        run: rules::compile::format,
    },
    Step {
        name: "layers",
        about: "our packages depend on each other, and on others, only as allowed",
        run: rules::layers::step,
    },
    Step {
        name: "dependencies",
        about: "one version, one TLS stack, known licences, an honest rust-version, a current Cargo.lock",
        run: rules::dependencies,
    },
    Step {
        name: "contracts",
        about: "every method of a port says how it behaves and which errors it gives",
        run: rules::contracts::step,
    },
    Step {
        name: "modules",
        about: "sources have a head, a bearable length, nothing unfinished, no circles, and errors that do not stutter",
        run: rules::modules::step,
    },
    Step {
        name: "clippy",
        about: "no warning, in every combination of features that users build",
        run: rules::compile::clippy,
    },
    Step {
        name: "docs",
        about: "rustdoc gives no warning",
        run: rules::compile::docs,
    },
    Step {
        name: "generated",
        about: "generated documents are as the code says",
        run: |workspace| rules::generated::step(workspace, &step_names()),
    },
];

/// The names of all steps.
fn step_names() -> Vec<&'static str> {
    STEPS.iter().map(|step| step.name).collect()
}

/// Lists the steps.
pub(crate) fn list(output: &mut Output) {
    for step in STEPS {
        output.item(step.name, step.about);
    }
}

/// The steps of these names, in the order of [`STEPS`]; all without names.
fn chosen(names: &[String]) -> Result<Vec<&'static Step>> {
    for name in names {
        if !STEPS.iter().any(|step| step.name == name) {
            return Err(format!("there is no step `{name}`; there are {}", step_names().join(", ")).into());
        }
    }
    Ok(STEPS
        .iter()
        .filter(|step| names.is_empty() || names.iter().any(|name| name == step.name))
        .collect())
}

/// Runs steps, going on after one that fails. Whether all passed.
pub(crate) fn check(workspace: &Workspace, names: &[String], output: &mut Output) -> Result<bool> {
    let steps = chosen(names)?;
    Ok(run(&steps, workspace, output))
}

fn run(steps: &[&Step], workspace: &Workspace, output: &mut Output) -> bool {
    let mut failed = Vec::new();
    for step in steps {
        output.begin(step.name, step.about);
        let start = Instant::now();
        let findings = (step.run)(workspace).unwrap_or_else(|error| {
            vec![Finding::new(
                step.name,
                format!("the step could not look: {error}"),
                "mend the cause, then run the step again",
            )]
        });
        for finding in &findings {
            output.finding(finding);
        }
        output.end(step.name, findings.len(), start.elapsed());
        if !findings.is_empty() {
            failed.push(step.name);
        }
    }
    output.summary(steps.len() - failed.len(), &failed);
    failed.is_empty()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    static RUNS: AtomicUsize = AtomicUsize::new(0);

    fn step(run: fn(&Workspace) -> Result<Vec<Finding>>) -> Step {
        Step {
            name: "x",
            about: "x",
            run,
        }
    }

    #[test]
    fn goes_on_after_a_failing_step_and_fails() {
        let finds = step(|_| {
            RUNS.fetch_add(1, Ordering::SeqCst);
            Ok(vec![Finding::new("a", "b", "c")])
        });
        let breaks = step(|_| {
            RUNS.fetch_add(1, Ordering::SeqCst);
            Err("no".into())
        });
        let passes = step(|_| {
            RUNS.fetch_add(1, Ordering::SeqCst);
            Ok(Vec::new())
        });
        let workspace = Workspace::empty();
        assert!(!run(&[&finds, &breaks, &passes], &workspace, &mut Output::new()));
        assert_eq!(RUNS.load(Ordering::SeqCst), 3);
        assert!(!run(&[&breaks], &workspace, &mut Output::new()));
        assert!(run(&[&passes], &workspace, &mut Output::new()));
    }

    #[test]
    fn chooses_by_name() {
        assert_eq!(chosen(&[]).unwrap().len(), STEPS.len());
        let two = chosen(&["modules".to_owned(), "format".to_owned()]).unwrap();
        assert_eq!(
            two.iter().map(|step| step.name).collect::<Vec<_>>(),
            ["format", "modules"]
        );
        let error = chosen(&["formt".to_owned()]).unwrap_err().to_string();
        assert!(error.contains("no step `formt`"), "{error}");
    }
}
