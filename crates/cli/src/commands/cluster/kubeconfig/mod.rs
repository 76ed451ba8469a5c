//! `cluster kubeconfig`.

mod args;
mod file;
mod place;
mod token_command;

use std::env;
use std::path::{Path, PathBuf};

use kompox_domain::driver::{Address, Credential, KubeconfigRequest, TokenCommand};
use kompox_domain::{Context, Error, ErrorKind, Operation as Port, Result};
use kompox_kube::kubeconfig::{
    Clash, EntryChange, EntryKind, KubeconfigFiles, MergeOptions, MergedFiles, check_replaceable,
};
use kompox_kube::{Access, Kubeconfig};
use kompox_usecase::cluster;

pub(super) use self::args::Args;
use self::args::{At, Cred};
use self::file::{Edit, Edited};
use self::place::Place;
use super::operation::operation;
use crate::args::GlobalArgs;
use crate::failure::Failure;
use crate::os;
use crate::session::{ClusterSession, operate};
use crate::shell;
use crate::ui::Ui;

/// What is told about it.
struct Done {
    /// What is printed.
    data: String,
    /// What is said beside it.
    said: Vec<String>,
    /// Whether a dry run found anything to do.
    differs: bool,
    /// A file that nobody finds again whose path is not printed.
    temporary: Option<PathBuf>,
}

pub(super) fn run(args: &Args, ui: &Ui, global: &GlobalArgs) -> Result<(), Failure> {
    let place = Place::of(args)?;
    let session = ClusterSession::open(global, &args.target)?;
    let request = KubeconfigRequest {
        credential: match args.cred {
            None => Credential::Auto,
            Some(Cred::Admin) => Credential::Admin,
            Some(Cred::User) => Credential::User,
        },
        address: match args.address {
            At::Auto => Address::Auto,
            At::Public => Address::Public,
            At::Private => Address::Private,
        },
        token_command: token_command::token_command(global, &session.cluster.id)?,
    };
    let operation = operation(Port::ClusterKubeconfig, &args.target);
    let done = operate(ui, global, &operation, async |cx| {
        let yaml = cluster::kubeconfig(&*session.driver, &cx, &session.cluster, &request).await?;
        let access = Kubeconfig::parse(yaml.expose().as_bytes()).and_then(|config| config.current());
        let access = access.map_err(|error| error.context("the driver's answer cannot be used"))?;
        args.put(&cx, &place, &args.named(access), &request.token_command)
            .await
    })?;
    let printed = if done.data.is_empty() {
        Ok(())
    } else {
        ui.data(&done.data)
    };
    if let (Err(_), Some(path)) = (&printed, &done.temporary) {
        // Nobody would find it again, and it holds a credential.
        let _ = std::fs::remove_file(path);
    }
    for line in &done.said {
        ui.say(line);
    }
    let verdict = Failure::of_dry_run(done.differs);
    Failure::judged(printed, verdict)
}

impl Args {
    fn named(&self, mut access: Access) -> Access {
        if let Some(name) = &self.context {
            access = access.renamed(name);
        }
        if let Some(namespace) = &self.namespace {
            access = access.with_namespace(namespace.as_str());
        }
        access
    }

    async fn put(
        &self,
        cx: &Context,
        place: &Place,
        access: &Access,
        command: &TokenCommand,
    ) -> Result<Done> {
        match place {
            Place::Stdout => Ok(self.to_stdout(access)),
            Place::Temp => self.to_temp(cx, access),
            Place::File(path) => self.to_file(path, access, command).await,
            Place::Merge(paths) => self.to_merge(paths, access).await,
        }
    }

    fn to_stdout(&self, access: &Access) -> Done {
        if self.dry_run {
            return Done {
                data: String::new(),
                said: vec!["it would be printed, and no file changed".to_owned()],
                differs: false,
                temporary: None,
            };
        }
        Done {
            data: self.format.write(&access.to_kubeconfig()),
            said: Vec::new(),
            differs: false,
            temporary: None,
        }
    }

    fn to_temp(&self, cx: &Context, access: &Access) -> Result<Done> {
        let name = format!("kompox-kubeconfig-{}", cx.next_ulid(None));
        let path = env::temp_dir().join(name);
        if self.dry_run {
            return Ok(Done {
                temporary: None,
                data: format!("create a temporary file in {}\n", env::temp_dir().display()),
                said: Vec::new(),
                differs: true,
            });
        }
        let text = self.format.write(&access.to_kubeconfig());
        os::write_new_private(&path, text.as_bytes()).map_err(|error| {
            Error::new(ErrorKind::Failed, format!("cannot write {}", path.display()))
                .with_source(error)
                .with_hint(
                    "check that there is room, and that you may write there; TMPDIR names another directory",
                )
        })?;
        Ok(Done {
            data: self.path_or_export(&path),
            said: Vec::new(),
            differs: false,
            temporary: Some(path),
        })
    }

    async fn to_file(&self, path: &Path, access: &Access, command: &TokenCommand) -> Result<Done> {
        let text = self.format.write(&access.to_kubeconfig());
        let change = |before: Option<&[u8]>| -> Result<(Edit, bool)> {
            let same = before == Some(text.as_bytes());
            if let Some(bytes) = before.filter(|_| !same) {
                self.may_replace(path, bytes, access, command)?;
            }
            let edit = Edit {
                text: (!same).then(|| text.clone()),
                backup: self.force,
            };
            Ok((edit, before.is_some()))
        };
        let shown = path.display();
        if self.dry_run {
            let before = file::read(&file::real(path)?)?;
            let (edit, existed) = change(before.as_deref())?;
            let differs = edit.text.is_some();
            let verb = if existed { "replace" } else { "create" };
            return Ok(Done {
                data: if differs {
                    format!("{verb} {shown}\n")
                } else {
                    String::new()
                },
                said: if differs {
                    Vec::new()
                } else {
                    vec![format!("{shown} is as it would be")]
                },
                differs,
                temporary: None,
            });
        }
        let paths = [path.to_owned()];
        let Edited { backups, .. } = file::edit(&paths, |before| {
            let (edit, existed) = change(before.first().and_then(Option::as_deref))?;
            Ok((vec![edit], existed))
        })
        .await?;
        let mut said = vec![if self.print_export {
            String::new()
        } else {
            format!(
                "{shown} holds context {}; use it: kubectl --kubeconfig {} get namespaces",
                access.name(),
                shell::path(path)
            )
        }];
        said.retain(|line| !line.is_empty());
        said.extend(kept(&backups));
        Ok(Done {
            data: if self.print_export {
                self.path_or_export(path)
            } else {
                String::new()
            },
            said,
            differs: false,
            temporary: None,
        })
    }

    /// Whether what a file holds may go: it is only what an earlier run put there.
    fn may_replace(&self, path: &Path, bytes: &[u8], access: &Access, command: &TokenCommand) -> Result<()> {
        if self.force {
            return Ok(());
        }
        check_replaceable(bytes, access, command).map_err(|lost| {
            Error::new(
                ErrorKind::Conflict,
                format!("{} is there already and holds something else", path.display()),
            )
            .with_source(lost)
            .with_hint(format!(
                "to add the cluster to it: --merge --kubeconfig {}; to replace it, with a backup beside it: --force",
                shell::path(path)
            ))
        })
    }

    async fn to_merge(&self, paths: &[PathBuf], access: &Access) -> Result<Done> {
        let options = MergeOptions {
            set_current: self.set_current,
            force: self.force,
        };
        let merge = |before: &[Option<Vec<u8>>]| -> Result<MergedFiles> {
            let files = paths.iter().zip(before).map(|(path, bytes)| {
                let config = bytes.as_deref().map(|bytes| file::parse(path, bytes));
                config.transpose()
            });
            let files = KubeconfigFiles::new(files.collect::<Result<_>>()?);
            files
                .merge(access, options)
                .map_err(|clash| clashed(paths, &clash))
        };
        if self.dry_run {
            let before = file::read_all(paths)?;
            return Ok(would_merge(paths, &before, &merge(&before)?));
        }
        let change = |before: &[Option<Vec<u8>>]| {
            let merged = merge(before)?;
            let edits = merged.files.iter().map(|file| Edit {
                text: (!file.changes.is_empty()).then(|| file.config.to_yaml()),
                backup: true,
            });
            Ok((edits.collect(), merged))
        };
        let Edited { told, backups } = file::edit(paths, change).await?;
        let mut said = vec![self.merged(paths, access.name(), &told)];
        said.extend(kept(&backups));
        Ok(Done {
            data: String::new(),
            said,
            differs: false,
            temporary: None,
        })
    }

    /// What is said of a merge.
    fn merged(&self, paths: &[PathBuf], name: &str, merged: &MergedFiles) -> String {
        let named = self.kubeconfig.as_ref().and(paths.first());
        let flag = named.map_or_else(String::new, |path| format!(" --kubeconfig {}", shell::path(path)));
        let mut changes = merged.files.iter().flat_map(|file| &file.changes);
        let unchanged = changes.clone().next().is_none();
        let made_current = changes.any(|change| change.kind == EntryKind::CurrentContext);
        let use_it = if self.set_current || made_current {
            format!("kubectl{flag} get namespaces")
        } else {
            format!("kubectl{flag} --context {} get namespaces", shell::word(name))
        };
        let shown = shown(paths, merged.context);
        let begin = if unchanged {
            format!("context {name} in {shown} is as it should be")
        } else {
            format!("context {name} is in {shown}")
        };
        format!("{begin}; use it: {use_it}")
    }

    fn path_or_export(&self, path: &Path) -> String {
        if self.print_export {
            format!("export KUBECONFIG={}\n", shell::path(path))
        } else {
            format!("{}\n", path.display())
        }
    }
}

fn kept(backups: &[PathBuf]) -> Option<String> {
    let shown: Vec<String> = backups.iter().map(|path| path.display().to_string()).collect();
    (!shown.is_empty()).then(|| format!("what it held before is in {}", shown.join(", ")))
}

/// One of several paths, as it is told.
fn shown(paths: &[PathBuf], index: usize) -> String {
    paths
        .get(index)
        .map_or_else(String::new, |path| path.display().to_string())
}

fn clashed(paths: &[PathBuf], clash: &Clash) -> Error {
    Error::new(
        ErrorKind::Conflict,
        format!("cannot merge into {}", shown(paths, clash.file)),
    )
    .with_source(clash.clone())
    .with_hint("choose another name with --context, or replace it with --force")
}

/// What a dry run of a merge tells.
fn would_merge(paths: &[PathBuf], before: &[Option<Vec<u8>>], merged: &MergedFiles) -> Done {
    let mut lines = Vec::new();
    for ((path, before), file) in paths.iter().zip(before).zip(&merged.files) {
        let shown = path.display();
        if before.is_none() && !file.changes.is_empty() {
            lines.push(format!("create {shown}\n"));
        }
        let changes = file.changes.iter();
        lines.extend(changes.map(|change| format!("{} in {shown}\n", line(change))));
    }
    let said = if lines.is_empty() {
        vec![format!("{} is as it would be", shown(paths, merged.context))]
    } else {
        Vec::new()
    };
    Done {
        differs: !lines.is_empty(),
        data: lines.concat(),
        said,
        temporary: None,
    }
}

/// One line of a dry run.
fn line(change: &EntryChange) -> String {
    let verb = match (change.kind, change.existed) {
        (EntryKind::CurrentContext, true) => "change",
        (EntryKind::CurrentContext, false) => "set",
        (_, true) => "update",
        (_, false) => "create",
    };
    let fields = match change.fields.as_slice() {
        [] => String::new(),
        fields => format!(" ({})", fields.join(", ")),
    };
    let to = if change.kind == EntryKind::CurrentContext {
        "to "
    } else {
        ""
    };
    format!("{verb} {} {to}{}{fields}", change.kind, change.name)
}
