//! The load as a whole: sources, files, documents, catalog.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use kompox_domain::model::AnyId;
use kompox_domain::{Argument, Catalog};

use kompox_yaml::Budget;

use crate::error::{ConfigErrors, Faults};
use crate::fields::{Ignored, Reader};
use crate::files::{self, Files, Found, Origin};
use crate::gather::Parts;
use crate::kom::{self, Role};
use crate::limits;
use crate::ops;
use crate::parse::{self, Document};
use crate::sources::{APP_FILE, Env, Form, Located, OPS_FILE, Sources, ambiguous};

/// A configuration that holds together.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// What it describes.
    pub catalog: Catalog,
    /// The files it was read from, in order.
    pub files: Vec<PathBuf>,
    /// `$KOMPOX_ROOT`, if there is one.
    pub root: Option<PathBuf>,
    /// `$KOMPOX_DIR`, if there is one.
    pub dir: Option<PathBuf>,
    /// The app that is meant where none is named: `Defaults.spec.appId`, else the only app of the app file.
    pub default_app: Option<AnyId>,
    /// Fields of the original that were accepted and mean nothing here, each once per file.
    pub ignored: Vec<Ignored>,
}

/// Reads the configuration: all of it, or none.
///
/// # Errors
/// Everything that is wrong with it, each with its place; that there is none; or that there are two.
pub fn load(sources: &Sources, env: Env<'_>) -> Result<Loaded, ConfigErrors> {
    let mut load = Load::new();
    let located = Located::new(sources, env, &mut load.faults)?;
    let mut files = Files::new(&located.current_dir);
    match &located.form {
        Form::Ops(path) => {
            let origin = Origin::file("--config");
            load.ops(path, &origin, &mut files);
        }
        Form::Kom { by, paths, app } => load.kom(&located, by, paths, app.as_ref(), &mut files),
        Form::Open => {
            load.kom(&located, "", &[], None, &mut files);
            let ops = located.current_dir.join(OPS_FILE);
            if files::is_present(&ops) {
                if let Some(kom) = files.found().first() {
                    return Err(ambiguous(&files.shown(&ops), &kom.shown));
                }
                let naming = Argument::Config(Some(files.shown(&ops).display().to_string().into()));
                if located.is_trusted(&ops, &naming, &files, &mut load.faults) {
                    let origin = Origin::file("the default");
                    load.ops(&ops, &origin, &mut files);
                }
            }
        }
    }
    if load.faults.is_empty() && load.parts.is_empty() {
        return Err(located.nothing(&files));
    }
    let Load {
        parts,
        mut faults,
        ignored,
        ..
    } = load;
    let (catalog, default_app) = parts.into_catalog(&mut faults);
    faults.into_result()?;
    Ok(Loaded {
        catalog,
        files: files.found().iter().map(|found| found.path.clone()).collect(),
        root: located.root,
        dir: located.dir,
        default_app,
        ignored: ignored.into_iter().collect(),
    })
}

struct Load {
    faults: Faults,
    budget: Budget,
    ignored: BTreeSet<Ignored>,
    parts: Parts,
}

impl Load {
    fn new() -> Self {
        Self {
            faults: Faults::default(),
            budget: Budget::new(limits::YAML),
            ignored: BTreeSet::new(),
            parts: Parts::default(),
        }
    }

    fn ops(&mut self, path: &Path, origin: &Origin<'_>, files: &mut Files) {
        files.add(path, origin, &mut self.faults);
        for found in files.found() {
            let mut count = 0;
            self.documents(found, |document, reader, parts| {
                count += 1;
                match count {
                    1 => ops::read(document, reader, parts),
                    2 => ops::read_second(document, reader),
                    _ => {}
                }
            });
        }
    }

    /// The app file first, since it may name the other files.
    fn kom(
        &mut self,
        located: &Located,
        by: &str,
        paths: &[PathBuf],
        app: Option<&(&'static str, PathBuf)>,
        files: &mut Files,
    ) {
        let default = located.current_dir.join(APP_FILE);
        let found = app.is_none() && files::is_present(&default);
        let naming = Argument::KomApp(Some(APP_FILE.into()));
        let usable = found && located.is_trusted(&default, &naming, files, &mut self.faults);
        // What is not read may hold what others need.
        self.parts.unidentified |= found && !usable;
        let app_file = match app {
            Some((by, path)) => {
                let origin = Origin::file(by);
                files.add(path, &origin, &mut self.faults);
                Some(path)
            }
            None if usable => {
                let origin = Origin::file("the default");
                files.add(&default, &origin, &mut self.faults);
                Some(&default)
            }
            None => None,
        };
        let own = files.found().len();
        for found in files.found() {
            self.documents(found, |document, reader, parts| {
                kom::read(document, Role::AppFile, reader, parts);
            });
        }
        located.leave_out_config(files);
        let before = self.faults.count();
        let defaults = self.parts.defaults.as_ref();
        let defaults = defaults.map_or_else(Vec::new, |defaults| defaults.kom_path.clone());
        if !paths.is_empty() {
            for path in paths {
                let origin = Origin::new(by);
                files.add(path, &origin, &mut self.faults);
            }
        } else if let (Some(app_file), false) = (app_file, defaults.is_empty()) {
            let within = located.bounds(app_file);
            let base = app_file.parent().unwrap_or(Path::new(""));
            for (path, place) in &defaults {
                let origin = Origin {
                    place: Some(place),
                    by: "komPath",
                    within: &within,
                    file: false,
                };
                files.add(&base.join(path), &origin, &mut self.faults);
            }
        } else {
            located.add_default_paths(files, &mut self.budget, &mut self.faults, &mut self.ignored);
        }
        // A file that was not found may hold what others need.
        self.parts.unidentified |= self.faults.count() > before;
        for found in files.found().iter().skip(own) {
            let role = if found.path.file_name().is_some_and(|name| name == APP_FILE) {
                Role::OtherAppFile
            } else {
                Role::Plain
            };
            self.documents(found, |document, reader, parts| {
                kom::read(document, role, reader, parts);
            });
        }
    }

    /// Reads the documents of a file.
    fn documents(&mut self, found: &Found, mut read: impl FnMut(&Document, &mut Reader<'_>, &mut Parts)) {
        if self.faults.is_full() {
            return;
        }
        let text = match files::read(found) {
            Ok(text) => text,
            Err((place, fault)) => {
                self.parts.unidentified = true;
                return self.faults.push(Some(&place), fault);
            }
        };
        let before = self.faults.count();
        let documents = parse::documents(&text, &found.shown, &mut self.budget, &mut self.faults);
        // A document that could not be read may hold what others need.
        self.parts.unidentified |= self.faults.count() > before;
        for document in &documents {
            let mut reader = Reader {
                shown: &found.shown,
                base: found.path.parent().unwrap_or(Path::new("")),
                document: document.number,
                subject: "",
                faults: &mut self.faults,
                ignored: &mut self.ignored,
            };
            read(document, &mut reader, &mut self.parts);
        }
        self.faults.sort_from(before);
    }
}
