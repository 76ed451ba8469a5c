//! The command by which kubectl gets tokens: this program, with the configuration that is used now, from wherever
//! kubectl is run.

use std::env;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use kompox_domain::ErrorKind;
use kompox_domain::driver::TokenCommand;
use kompox_domain::model::ClusterId;

use crate::args::GlobalArgs;
use crate::failure::Failure;

/// The command for a cluster.
pub(super) fn token_command(global: &GlobalArgs, cluster: &ClusterId) -> Result<TokenCommand, Failure> {
    let cannot = |what: &str, error| Failure::io(what, error, "use --cred admin, which needs no program");
    let current_dir =
        env::current_dir().map_err(|error| cannot("cannot tell the current directory", error))?;
    let program = env::current_exe().map_err(|error| cannot("cannot tell where this program is", error))?;
    let program = as_found(
        &program,
        env::args_os().next().as_deref(),
        env::var_os("PATH").as_deref(),
    );
    let mut args: Vec<String> = ["cluster", "token", "--cluster-id"].map(str::to_owned).into();
    args.push(cluster.to_string());
    args.extend(["-C".to_owned(), text(&current_dir)?]);
    let given = [
        ("--kompox-root", &global.kompox_root),
        ("--kompox-dir", &global.kompox_dir),
        ("--kom-app", &global.kom_app),
        ("--config", &global.config),
    ];
    let named = given
        .into_iter()
        .filter_map(|(flag, path)| Some((flag, path.as_ref()?)));
    let kom_paths = global.kom_path.iter().map(|path| ("--kom-path", path));
    for (flag, path) in named.chain(kom_paths) {
        args.extend([flag.to_owned(), text(&current_dir.join(path))?]);
    }
    let variable = |name: &str| match env::var(name) {
        Ok(value) => Ok((name.to_owned(), value)),
        Err(env::VarError::NotPresent) => Ok((name.to_owned(), String::new())),
        Err(env::VarError::NotUnicode(_)) => Err(Failure::new(
            ErrorKind::InvalidInput,
            format!("variable {name} of the environment is not UTF-8"),
            format!("correct {name} or unset it"),
        )),
    };
    // Variables that are not set now are set to nothing: what they are where kubectl is run belongs to another
    // configuration.
    let env = kompox_config::VARIABLES.into_iter().map(variable);
    Ok(TokenCommand {
        command: text(&program)?,
        args,
        env: env.collect::<Result<_, _>>()?,
    })
}

/// The program by the name under which it was found: that of a link stays the same when what it leads to is updated.
fn as_found(program: &Path, called: Option<&OsStr>, path: Option<&OsStr>) -> PathBuf {
    let is_program = |candidate: &PathBuf| {
        candidate.is_absolute()
            && std::fs::canonicalize(candidate)
                .is_ok_and(|real| std::fs::canonicalize(program).is_ok_and(|program| program == real))
    };
    let name = called.and_then(|called| Path::new(called).file_name());
    let candidates = name.into_iter().flat_map(|name| {
        env::split_paths(path.unwrap_or_default()).map(move |directory| directory.join(name))
    });
    candidates
        .into_iter()
        .find(is_program)
        .unwrap_or_else(|| program.to_owned())
}

/// A path as text: a kubeconfig can hold nothing else.
fn text(path: &Path) -> Result<String, Failure> {
    path.to_str().map(ToOwned::to_owned).ok_or_else(|| {
        Failure::new(
            ErrorKind::InvalidInput,
            format!("the path {} is not UTF-8", path.display()),
            "use paths that are, or --cred admin, which needs no program",
        )
    })
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn the_program_is_named_as_the_link_in_the_path_by_which_it_was_called() {
        let directory = tempfile::tempdir().unwrap();
        let (bin, cellar) = (directory.path().join("bin"), directory.path().join("cellar"));
        std::fs::create_dir(&bin).unwrap();
        std::fs::create_dir(&cellar).unwrap();
        let program = cellar.join("kompoxops-1.0");
        std::fs::write(&program, "").unwrap();
        let link = bin.join("kompoxops");
        std::os::unix::fs::symlink(&program, &link).unwrap();
        let path = env::join_paths([Path::new("relative"), &cellar, &bin]).unwrap();
        let found = |called: &str| as_found(&program, Some(OsStr::new(called)), Some(&path));
        assert_eq!(found("kompoxops"), link);
        assert_eq!(found("./elsewhere/kompoxops"), link);
        assert_eq!(found("other"), program);
        assert_eq!(as_found(&program, None, None), program);
    }
}
