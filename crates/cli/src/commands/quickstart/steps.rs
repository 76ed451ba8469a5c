//! The steps of the tour: each an ordinary command, what to look at, and what must be so afterwards.

use kompox_domain::{Error, ErrorKind};
use serde_json::Value;

use super::child::{Program, on_terminal};
use super::stopped::Stopped;
use crate::exit_codes;
use crate::failure::Failure;
use crate::stop::Stop;
use crate::ui::Ui;

/// The volume that the tour is about.
const VOLUME: &str = "db";
/// Where the tour's kubeconfig is, in a directory that git ignores: never the user's own.
pub(super) const KUBECONFIG: &str = ".kompox/secrets/kubeconfig";

/// One step.
struct Step {
    title: &'static str,
    command: String,
    /// Whether it prints a list or an object, which is a table for humans.
    data: bool,
    exit_code: u8,
    look: String,
    check: Check,
}

/// What must be so after a step.
enum Check {
    /// What the exit code says is enough.
    Nothing,
    /// The cluster and all it needs are there and well.
    Provisioned,
    /// The ingress is there too, and has an address.
    Installed,
    /// Every volume has exactly one assigned disk.
    AllAssigned,
    /// The volume has this disk, assigned or not.
    Disk { name: String, assigned: bool },
    /// The volume has this snapshot, and it can be used.
    Snapshot { name: String },
}

/// Goes through all steps.
pub(super) async fn walk(program: &Program, ui: &Ui, stop: &Stop) -> Result<(), Stopped> {
    let there = program.query(&["cluster", "status"], stop).await?;
    let mut steps = cluster_steps(there.get("found").and_then(Value::as_bool) == Some(true));
    steps.extend(volume_steps(free_number(program, stop).await?));
    let count = steps.len();
    for (index, step) in steps.into_iter().enumerate() {
        let mut command = step.command;
        if step.data && !on_terminal() {
            // Without a terminal the command would print JSON; a person reads this.
            command.push_str(" -o table");
        }
        ui.data(&format!(
            "\n[{}/{count}] {}\n$ kompoxops {command}\n",
            index + 1,
            step.title
        ))?;
        let args: Vec<String> = command.split_whitespace().map(ToOwned::to_owned).collect();
        let code = program.show(&args, stop).await?;
        if code != Some(i32::from(step.exit_code)) {
            return Err(not_as_expected(&command, step.exit_code, code).into());
        }
        step.check.run(program, stop, &command).await?;
        ui.data(&format!("  {}\n", step.look))?;
    }
    Ok(())
}

fn step(title: &'static str, command: String, look: &str) -> Step {
    Step {
        title,
        command,
        data: true,
        exit_code: exit_codes::DONE,
        look: look.to_owned(),
        check: Check::Nothing,
    }
}

/// From the configuration to a cluster that can be used. An earlier tour may have made it.
fn cluster_steps(there: bool) -> Vec<Step> {
    vec![
        step(
            "Check the configuration, without a request",
            "check".to_owned(),
            "A finding would name the document and say what to do.",
        ),
        step(
            "Ask the cloud what would keep the cluster from being made",
            "check --online".to_owned(),
            "Nothing is written. Each check that fails would say what to do about it.",
        ),
        if there {
            step(
                "See what would change",
                "cluster provision --dry-run".to_owned(),
                "Nothing: an earlier tour has made the cluster, and it is as configured.",
            )
        } else {
            Step {
                exit_code: exit_codes::DIFFERENCE,
                ..step(
                    "See what would be made",
                    "cluster provision --dry-run".to_owned(),
                    "The plan. Exit code 3 tells scripts that there is something to do.",
                )
            }
        },
        Step {
            check: Check::Provisioned,
            ..step(
                "Make the cluster and all it needs",
                "cluster provision".to_owned(),
                "One Deployment Stack holds all of it. Running it again changes nothing.",
            )
        },
        Step {
            check: Check::Installed,
            ..step(
                "Make it ready for apps",
                "cluster install".to_owned(),
                "The ingress answers and has an address. Running it again changes nothing.",
            )
        },
        Step {
            check: Check::Installed,
            ..step(
                "See how it stands",
                "cluster status".to_owned(),
                "The ingress's address is there. What cannot be told is unknown, and a condition says why.",
            )
        },
        Step {
            data: false,
            ..step(
                "Get a kubeconfig",
                format!("cluster kubeconfig --merge --kubeconfig {KUBECONFIG} --set-current"),
                "A file of this directory: yours in your home is not touched.",
            )
        },
    ]
}

/// The main job of the volumes, with names of this number.
fn volume_steps(number: u32) -> Vec<Step> {
    let (disk, snapshot, restored) = (
        format!("blue-{number}"),
        format!("before-{number}"),
        format!("restored-{number}"),
    );
    let has = |name: &String, assigned| Check::Disk {
        name: name.clone(),
        assigned,
    };
    vec![
        Step {
            check: Check::AllAssigned,
            ..step(
                "Give every volume its first disk",
                "disk create --bootstrap".to_owned(),
                "One disk for each volume, and it is assigned. Running it again changes nothing.",
            )
        },
        step(
            "List the disks",
            "disk list".to_owned(),
            "ASSIGNED tells which disk of a volume is in use. With -o json the same is for scripts.",
        ),
        Step {
            check: has(&disk, false),
            ..step(
                "Make another disk of the same volume",
                format!("disk create -V {VOLUME} -N {disk}"),
                "It is not assigned: the first one stays in use until you say otherwise.",
            )
        },
        Step {
            check: has(&disk, true),
            ..step(
                "Switch the volume to it",
                format!("disk assign -V {VOLUME} -N {disk}"),
                "ASSIGNED is yes. At no moment were there two, or none, and the old disk is kept.",
            )
        },
        Step {
            check: Check::Snapshot {
                name: snapshot.clone(),
            },
            ..step(
                "Take a snapshot of the assigned disk",
                format!("snapshot create -V {VOLUME} -N {snapshot}"),
                "The command returns when the snapshot can be used: COMPLETE is 100%.",
            )
        },
        step(
            "List the snapshots",
            format!("snapshot list -V {VOLUME}"),
            "SOURCE-DISK is the disk it was taken from.",
        ),
        Step {
            check: has(&restored, true),
            ..step(
                "Go back to the snapshot",
                format!("snapshot restore -V {VOLUME} -N {snapshot} --disk-name {restored} --assign"),
                "A new disk with the data of the snapshot, assigned; the one before is kept.",
            )
        },
        Step {
            data: false,
            exit_code: exit_codes::FAILED,
            check: has(&restored, true),
            ..step(
                "Try to delete the disk that is in use, which must fail",
                format!("disk delete -V {VOLUME} -N {restored} --yes"),
                "Refused, with exit code 1 and what to do about it: data in use is not lost by a slip.",
            )
        },
        Step {
            check: Check::AllAssigned,
            ..step(
                "See what there is now",
                "disk list".to_owned(),
                "Every volume has one assigned disk, and nothing was thrown away.",
            )
        },
        Step {
            data: false,
            ..step(
                "Print what mounts the restored disk",
                format!("volume manifest -V {VOLUME}"),
                "A volume and its claim, which pods name. kubectl applies them, or the same command with --apply.",
            )
        },
    ]
}

/// The first number whose names no earlier tour has used.
async fn free_number(program: &Program, stop: &Stop) -> Result<u32, Stopped> {
    let disks = program.query(&["disk", "list", "-V", VOLUME], stop).await?;
    let snapshots = program.query(&["snapshot", "list", "-V", VOLUME], stop).await?;
    let used = items(&disks).iter().chain(items(&snapshots)).filter_map(|item| {
        let (_, number) = text(item, "name").rsplit_once('-')?;
        number.parse::<u32>().ok()
    });
    Ok(used.max().unwrap_or(0).saturating_add(1))
}

impl Check {
    async fn run(&self, program: &Program, stop: &Stop, command: &str) -> Result<(), Stopped> {
        let (holds, expected) = match self {
            Self::Nothing => return Ok(()),
            Self::Provisioned => {
                let status = program.query(&["cluster", "status"], stop).await?;
                (
                    status.get("provisioned").and_then(Value::as_bool) == Some(true),
                    "the cluster is provisioned".to_owned(),
                )
            }
            Self::Installed => {
                let status = program.query(&["cluster", "status"], stop).await?;
                let installed = status.get("installed").and_then(Value::as_bool) == Some(true);
                let address = status.get("ingressGlobalIP").is_some_and(Value::is_string);
                (
                    installed && address,
                    "the ingress is installed and has an address".to_owned(),
                )
            }
            Self::AllAssigned => {
                let app = program.query(&["admin", "app", "list"], stop).await?;
                let disks = program.query(&["disk", "list"], stop).await?;
                (
                    all_assigned(&app, &disks),
                    "every volume has one assigned disk".to_owned(),
                )
            }
            Self::Disk { name, assigned } => {
                let disks = program.query(&["disk", "list", "-V", VOLUME], stop).await?;
                (
                    has_disk(&disks, name, *assigned),
                    format!("volume {VOLUME} has disk {name}, assigned: {assigned}"),
                )
            }
            Self::Snapshot { name } => {
                let snapshots = program.query(&["snapshot", "list", "-V", VOLUME], stop).await?;
                let complete =
                    |item: &Value| item.get("completionPercent").and_then(Value::as_f64) == Some(100.0);
                let found = items(&snapshots)
                    .iter()
                    .any(|item| text(item, "name") == name && complete(item));
                (found, format!("volume {VOLUME} has snapshot {name}, complete"))
            }
        };
        if holds {
            return Ok(());
        }
        let error = Error::new(
            ErrorKind::Internal,
            format!("after `kompoxops {command}` this does not hold: {expected}"),
        );
        Err(Failure::from(error).into())
    }
}

fn all_assigned(apps: &Value, disks: &Value) -> bool {
    let volumes: Vec<&Value> = items(apps)
        .iter()
        .filter_map(|app| app.get("volumes"))
        .flat_map(items)
        .collect();
    let assigned = |volume: &str| {
        let of_volume = items(disks)
            .iter()
            .filter(|disk| text(disk, "volumeName") == volume);
        of_volume.filter(|disk| is_assigned(disk)).count()
    };
    !volumes.is_empty() && volumes.iter().all(|volume| assigned(text(volume, "name")) == 1)
}

/// Whether the disk is there and is, or is not, the only assigned one.
fn has_disk(disks: &Value, name: &str, assigned: bool) -> bool {
    let in_use: Vec<&str> = items(disks)
        .iter()
        .filter(|disk| is_assigned(disk))
        .map(|disk| text(disk, "name"))
        .collect();
    let there = items(disks).iter().any(|disk| text(disk, "name") == name);
    there && in_use.len() == 1 && in_use.contains(&name) == assigned
}

fn items(list: &Value) -> &[Value] {
    list.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn text<'a>(item: &'a Value, name: &str) -> &'a str {
    item.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn is_assigned(disk: &Value) -> bool {
    disk.get("assigned").and_then(Value::as_bool) == Some(true)
}

fn not_as_expected(command: &str, expected: u8, code: Option<i32>) -> Failure {
    let ended = code.map_or_else(|| "was killed".to_owned(), |code| format!("ended with {code}"));
    Failure::new(
        ErrorKind::Failed,
        format!("`kompoxops {command}` {ended}, and not with {expected} as it should"),
        "its own message above says why; run the quick start again in the same directory to go on",
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn disks() -> Value {
        json!([
            {"name": "a", "volumeName": "db", "assigned": true},
            {"name": "b", "volumeName": "db", "assigned": false},
        ])
    }

    #[test]
    fn a_disk_counts_as_assigned_only_when_it_is_the_only_one() {
        assert!(has_disk(&disks(), "a", true) && has_disk(&disks(), "b", false));
        assert!(!has_disk(&disks(), "b", true) && !has_disk(&disks(), "c", false));
        let two = json!([{"name": "a", "assigned": true}, {"name": "b", "assigned": true}]);
        assert!(!has_disk(&two, "a", true));
    }

    #[test]
    fn a_volume_without_a_disk_is_noticed() {
        let apps = |volumes: &[&str]| {
            let volumes: Vec<Value> = volumes.iter().map(|name| json!({"name": name})).collect();
            json!([{"volumes": volumes}])
        };
        assert!(all_assigned(&apps(&["db"]), &disks()));
        assert!(!all_assigned(&apps(&["db", "uploads"]), &disks()));
        assert!(!all_assigned(&json!([]), &disks()));
    }
}
