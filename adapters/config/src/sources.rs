//! Which configuration is meant: flags, variables, and what lies in the directories.

use kompox_domain::hint::Verb;
use kompox_domain::{Argument, Hint};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use kompox_files::Unusable;
use kompox_files::trust::{self, Stranger, Trusted};

use kompox_yaml::Budget;

use crate::error::{ConfigErrors, Fault, Faults, Place, Reason};
use crate::fields::{Fields, Ignored, Known, Reader};
use crate::files::{self, Files, Found, Origin};
use crate::parse;

const ROOT: &str = "KOMPOX_ROOT";
const DIR: &str = "KOMPOX_DIR";
const KOM_PATH: &str = "KOMPOX_KOM_PATH";
const KOM_APP: &str = "KOMPOX_KOM_APP";
/// The variables of the environment that name a configuration where no flag does.
pub const VARIABLES: [&str; 4] = [ROOT, DIR, KOM_PATH, KOM_APP];

const KOMPOX_DIR: &str = ".kompox";
const CONFIG_FILE: &str = "config.yml";
const KOM_DIR: &str = "kom";
pub(crate) const APP_FILE: &str = "kompoxapp.yml";
pub(crate) const OPS_FILE: &str = "kompoxops.yml";

/// Where to look: the flags that were given, and the directory the program runs in.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sources {
    /// The directory that relative paths of flags and variables start from.
    pub current_dir: PathBuf,
    /// `--kompox-root`.
    pub kompox_root: Option<PathBuf>,
    /// `--kompox-dir`.
    pub kompox_dir: Option<PathBuf>,
    /// `--kom-path`, as often as it was given.
    pub kom_paths: Vec<PathBuf>,
    /// `--kom-app`.
    pub kom_app: Option<PathBuf>,
    /// `--config`.
    pub config: Option<PathBuf>,
}

/// Reads a variable of the environment; absent where it is not set.
pub type Env<'a> = &'a dyn Fn(&str) -> Option<String>;

impl Sources {
    /// The root that is named, and the flag or variable that names it: a flag comes before a variable.
    #[must_use]
    pub fn named_root(&self, env: Env<'_>) -> Option<(&'static str, PathBuf)> {
        named("--kompox-root", self.kompox_root.as_ref(), ROOT, env)
    }

    /// The `.kompox` that is named, and the flag or variable that names it.
    #[must_use]
    pub fn named_dir(&self, env: Env<'_>) -> Option<(&'static str, PathBuf)> {
        named("--kompox-dir", self.kompox_dir.as_ref(), DIR, env)
    }
}

/// A path that a flag names, else a variable, and which of them does.
fn named(
    flag: &'static str,
    given: Option<&PathBuf>,
    variable: &'static str,
    env: Env<'_>,
) -> Option<(&'static str, PathBuf)> {
    match given {
        Some(path) => Some((flag, path.clone())),
        None => value_of(variable, env).map(|value| (variable, value.into())),
    }
}

/// The value of a variable; one that says nothing is as one that is not set.
fn value_of(variable: &str, env: Env<'_>) -> Option<String> {
    env(variable).filter(|value| !value.trim().is_empty())
}

/// The sources with every path made absolute, and the variables where no flag was given.
pub(crate) struct Located {
    pub(crate) current_dir: PathBuf,
    pub(crate) root: Option<PathBuf>,
    pub(crate) dir: Option<PathBuf>,
    pub(crate) form: Form,
    /// The flag or variable that names a `.kompox`, or the directory that it lies in, and the `.kompox` that is meant.
    named_dir: Option<(&'static str, PathBuf)>,
    /// Whose files are read that were only found.
    trusted: Trusted,
}

/// Which of the two forms of configuration a flag or variable asks for.
pub(crate) enum Form {
    /// A kompoxops.yml.
    Ops(PathBuf),
    /// KOM: who names the paths, the paths, and the app file.
    Kom {
        by: &'static str,
        paths: Vec<PathBuf>,
        app: Option<(&'static str, PathBuf)>,
    },
    /// Neither: what lies in the directories decides.
    Open,
}

impl Located {
    pub(crate) fn new(sources: &Sources, env: Env<'_>, faults: &mut Faults) -> Result<Self, ConfigErrors> {
        // Where even the current directory is unknown, relative paths fail by themselves.
        let current_dir = std::path::absolute(&sources.current_dir).unwrap_or_default();
        let absolute = |(by, path): (&'static str, PathBuf)| (by, current_dir.join(path));
        let root = sources.named_root(env).map(absolute);
        let dir = sources.named_dir(env).map(absolute);
        for (by, path) in root.iter().chain(&dir) {
            if !path.is_dir() {
                let message = format!("{by} names {}, which is not a directory", path.display());
                faults.push(None, Fault::new(message));
            }
        }
        let in_root = root.as_ref().map(|(by, root)| (*by, root.join(KOMPOX_DIR)));
        let named_dir = dir.clone().or(in_root);
        let root = root.map(|(_, path)| path).or_else(|| {
            let mut parents = current_dir.ancestors();
            parents
                .find(|path| files::is_present(&path.join(KOMPOX_DIR)))
                .map(Path::to_owned)
        });
        let mut unusable = None;
        let dir = dir.map(|(_, path)| path).or_else(|| {
            let default = root.as_ref()?.join(KOMPOX_DIR);
            if !files::is_present(&default) {
                return None;
            }
            unusable = why_no_directory(&default);
            unusable.is_none().then_some(default)
        });

        let form = if let Some(config) = &sources.config {
            if !sources.kom_paths.is_empty() || sources.kom_app.is_some() {
                let message =
                    "--config names a kompoxops.yml, --kom-path and --kom-app name KOM files".to_owned();
                return Err(ConfigErrors::one(
                    Reason::Ambiguous,
                    message,
                    vec!["give one of them".into()],
                ));
            }
            Form::Ops(current_dir.join(config))
        } else {
            let app = named("--kom-app", sources.kom_app.as_ref(), KOM_APP, env).map(absolute);
            let (by, paths): (_, Vec<PathBuf>) = if sources.kom_paths.is_empty() {
                let list = value_of(KOM_PATH, env).unwrap_or_default();
                let paths = std::env::split_paths(&list).filter(|path| !path.as_os_str().is_empty());
                (KOM_PATH, paths.map(|path| current_dir.join(path)).collect())
            } else {
                let paths = sources.kom_paths.iter();
                ("--kom-path", paths.map(|path| current_dir.join(path)).collect())
            };
            if paths.is_empty() && app.is_none() {
                Form::Open
            } else {
                Form::Kom { by, paths, app }
            }
        };
        // Where everything is named, nothing is looked for there.
        let looks = match &form {
            Form::Ops(_) => false,
            Form::Kom { paths, .. } => paths.is_empty(),
            Form::Open => true,
        };
        if let Some(fault) = unusable.filter(|_| looks) {
            faults.push(None, fault);
        }
        Ok(Self {
            current_dir,
            root,
            dir,
            form,
            named_dir,
            trusted: Trusted::of_this_process(value_of("SUDO_UID", env).as_deref()),
        })
    }

    /// Whether a file or directory that was found, not named, may be read: it can choose where secrets are sent to. What
    /// somebody else could have written is an error, which says how to name it.
    pub(crate) fn is_trusted(
        &self,
        path: &Path,
        naming: &Argument,
        files: &Files,
        faults: &mut Faults,
    ) -> bool {
        // What is no regular file, or cannot be looked at, is not read, and that is told in its place.
        if fs::metadata(path).is_ok_and(|there| !there.is_file() && !there.is_dir()) {
            return true;
        }
        let Ok(Some((part, stranger))) = trust::examine(path, self.trusted) else {
            return true;
        };
        let (path, shown) = (files.shown(path), files.shown(&part));
        let whose = match stranger {
            Stranger::Owner(user) => format!("belongs to the user with id {user}"),
            Stranger::Everybody => "may be written by everybody".to_owned(),
        };
        let why = if part.is_dir() && shown != path {
            format!("it lies in {}, which {whose}", shown.display())
        } else {
            format!("it {whose}")
        };
        let message = format!("{} was found, not named, and {why}", path.display());
        let mut fault = Fault::new(message);
        if stranger == Stranger::Everybody {
            let keep = format!("chmod o-w {}", shown.display());
            fault = fault.hint(Hint::foreign("keep others from it", keep));
        }
        fault = fault.hint(Hint::argument("if you trust it, name it", naming.clone()));
        faults.push(None, fault);
        false
    }

    /// The same of all that was found below a `.kompox`, from there on.
    fn are_trusted(&self, dir: &Path, found: &[Found], files: &Files, faults: &mut Faults) -> bool {
        let naming = naming_dir(&files.shown(dir));
        let mut seen = BTreeSet::new();
        found.iter().all(|found| {
            let above: Vec<&Path> = found.path.ancestors().take_while(|path| *path != dir).collect();
            let mut parts = above.into_iter().rev();
            parts.all(|part| !seen.insert(part) || self.is_trusted(part, &naming, files, faults))
        })
    }

    /// The directories that `Defaults.spec.komPath` may not leave, links resolved.
    pub(crate) fn bounds(&self, app_file: &Path) -> Vec<PathBuf> {
        let named = [self.root.as_deref(), self.dir.as_deref()];
        let mut bounds: Vec<PathBuf> = named
            .into_iter()
            .flatten()
            .filter_map(|path| fs::canonicalize(path).ok())
            .collect();
        if bounds.is_empty() {
            // Without either, the app file may name what lies beside it.
            bounds.extend(app_file.parent().and_then(|parent| fs::canonicalize(parent).ok()));
        }
        bounds.sort();
        // A directory below another adds nothing.
        bounds.dedup_by(|below, above| below.starts_with(above));
        bounds
    }

    /// Adds the files below `.kompox` where nothing nearer names any: `komPath` of its config.yml, else `kom/`.
    pub(crate) fn add_default_paths(
        &self,
        files: &mut Files,
        budget: &mut Budget,
        faults: &mut Faults,
        ignored: &mut BTreeSet<Ignored>,
    ) {
        let Some(dir) = &self.dir else { return };
        let naming = naming_dir(&files.shown(dir));
        if self.named_dir.is_none() && !self.is_trusted(dir, &naming, files, faults) {
            return;
        }
        let config = dir.join(CONFIG_FILE);
        if self.named_dir.is_none()
            && files::is_present(&config)
            && !self.is_trusted(&config, &naming, files, faults)
        {
            return;
        }
        let paths = if files::is_present(&config) {
            config_paths(&config, files, budget, faults, ignored)
        } else {
            Vec::new()
        };
        for (path, place) in &paths {
            let origin = Origin {
                place: Some(place),
                ..Origin::new("komPath")
            };
            files.add(&dir.join(path), &origin, faults);
        }
        let default = dir.join(KOM_DIR);
        if paths.is_empty() && files::is_present(&default) {
            let origin = Origin::new("the default");
            let before = files.found().len();
            files.add(&default, &origin, faults);
            if self.named_dir.is_none() {
                let found = files.found().get(before..).unwrap_or_default();
                if !self.are_trusted(dir, found, files, faults) {
                    files.forget_from(before);
                }
            }
        }
    }

    /// Where KOM documents were looked for, and who named it. None where one file was named, or where nobody named
    /// anything and there is no place for them near.
    fn searched(&self, files: &Files) -> Option<String> {
        let by = |by: &str, paths: &[PathBuf]| {
            let shown: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
            format!("{} (from {by})", shown.join(", "))
        };
        match (&self.form, &self.named_dir) {
            (Form::Kom { by: flag, paths, .. }, _) if !paths.is_empty() => Some(by(flag, paths)),
            (Form::Ops(_) | Form::Kom { .. }, _) => None,
            (Form::Open, _) if !files.named_in_files().is_empty() => {
                Some(by("komPath", files.named_in_files()))
            }
            (Form::Open, Some((flag, dir))) => Some(by(flag, &[dir.join(KOM_DIR)])),
            (Form::Open, None) => {
                let kom = self.dir.as_ref()?.join(KOM_DIR);
                kom.is_dir().then(|| kom.display().to_string())
            }
        }
    }

    /// The error where nothing names a configuration and nothing lies in the directories, or where what was read holds
    /// none.
    pub(crate) fn nothing(&self, files: &Files) -> ConfigErrors {
        let message = match files.found() {
            [] => format!("there is no configuration for {}", self.current_dir.display()),
            [only] => format!("{} holds no configuration", only.shown.display()),
            [first, rest @ ..] => format!(
                "neither {} nor {} other files hold any configuration",
                first.shown.display(),
                rest.len()
            ),
        };
        ConfigErrors::one(Reason::NothingConfigured, message, begin()).searched_in(self.searched(files))
    }

    /// Keeps config.yml of `.kompox` from being taken for KOM where a path leads there.
    pub(crate) fn leave_out_config(&self, files: &mut Files) {
        if let Some(dir) = &self.dir {
            files.leave_out(&dir.join(CONFIG_FILE));
        }
    }
}

/// How a `.kompox` is named.
fn naming_dir(shown: &Path) -> Argument {
    Argument::KompoxDir(Some(shown.display().to_string().into()))
}

/// What is wrong with a `.kompox` that is there.
fn why_no_directory(path: &Path) -> Option<Fault> {
    let why = match fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => return None,
        Ok(_) => "is not a directory".to_owned(),
        Err(error) => Unusable::at(path, error).in_full(),
    };
    let fault = Fault::new(format!("{} {why}", path.display()));
    Some(fault.hint("remove it").hint(Hint::argument(
        "or name another directory",
        Argument::KompoxDir(None),
    )))
}

/// What somebody without a configuration can do.
fn begin() -> Vec<Hint> {
    vec![
        Hint::command("begin with one of your own", Verb::Init),
        Hint::command("see the main job first", Verb::Quickstart),
        Hint::argument("or name a configuration", Argument::Config(None)),
        Hint::argument("or KOM files", Argument::KomPath(None)),
    ]
}

/// A kompoxops.yml lies beside KOM files.
pub(crate) fn ambiguous(ops: &Path, kom: &Path) -> ConfigErrors {
    let (ops, kom) = (ops.display(), kom.display());
    let message = format!("there are two configurations, {ops} and KOM in {kom}");
    let hints = vec![
        Hint::argument(
            "say that the first is meant",
            Argument::Config(Some(ops.to_string().into())),
        ),
        Hint::argument("or the other", Argument::KomPath(Some(kom.to_string().into()))),
    ];
    ConfigErrors::one(Reason::Ambiguous, message, hints)
}

const CONFIG: Known = Known {
    used: &["version", "komPath"],
    ignored: &["store", "logging"],
};

/// `komPath` of a config.yml.
fn config_paths(
    path: &Path,
    files: &Files,
    budget: &mut Budget,
    faults: &mut Faults,
    ignored: &mut BTreeSet<Ignored>,
) -> Vec<(String, Place)> {
    let mut own = Files::new(Path::new(""));
    let origin = Origin::file(KOMPOX_DIR);
    own.add(path, &origin, faults);
    let Some(found) = own.found().first() else {
        return Vec::new();
    };
    let shown = files.shown(path);
    let text = match files::read(found) {
        Ok(text) => text,
        Err((mut place, fault)) => {
            place.file = shown;
            faults.push(Some(&place), fault);
            return Vec::new();
        }
    };
    let mut paths = Vec::new();
    let before = faults.count();
    for document in parse::documents(&text, &shown, budget, faults) {
        let root = &*document.root;
        let mut reader = Reader {
            shown: &shown,
            base: Path::new(""),
            document: document.number,
            subject: "",
            faults,
            ignored,
        };
        let fields = Fields::new(Some(root), root.mark, "", &CONFIG, &mut reader);
        if let Some((version, mark)) = fields.text("version", &mut reader)
            && version != "1"
        {
            let fault = Fault::new(format!("unknown version {}", crate::error::quoted(version)));
            reader.fault(mark, fault.hint("write version: 1"));
        }
        for item in fields.list("komPath", &mut reader) {
            match item.text().filter(|text| !text.is_empty()) {
                Some(text) => paths.push((text.to_owned(), reader.place(item.mark))),
                None => reader.fault(item.mark, Fault::new("komPath must hold paths")),
            }
        }
    }
    faults.sort_from(before);
    paths
}
