//! The three layers and where each value came from.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use figment::value::{Dict, Map, Value};
use figment::{Figment, Metadata, Profile, Provider, util};

/// The compiled-in defaults; also the list of all settings there are.
pub const DEFAULTS: &str = include_str!("default.toml");

/// Where settings come from beside the defaults.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    /// The TOML file.
    pub file: Option<PathBuf>,
    /// Environment variables; those not of the form `CONVO_<SECTION>__<KEY>` are passed over.
    pub environment: Vec<(OsString, OsString)>,
}

impl Sources {
    /// The sources of this process: `--config`, else `CONVO_CONFIG`, and the environment.
    #[must_use]
    #[allow(
        clippy::disallowed_methods,
        reason = "the shell's only look at the environment"
    )]
    pub fn of_process(config: Option<PathBuf>) -> Self {
        let file = config.or_else(|| {
            std::env::var_os("CONVO_CONFIG")
                .filter(|v| !v.is_empty())
                .map(PathBuf::from)
        });
        Self {
            file,
            environment: std::env::vars_os().collect(),
        }
    }
}

/// Everything that is wrong with the settings.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", list(.0))]
pub struct SettingsError(pub Vec<String>);

fn list(problems: &[String]) -> String {
    let mut text = String::from("the settings cannot be used:");
    if let [only] = problems {
        return format!("{text} {only}");
    }
    for problem in problems {
        let _ = write!(text, "\n  - {problem}");
    }
    text
}

/// The layers merged, and the problems met on the way.
pub(super) struct Layers {
    pub(super) figment: Figment,
    pub(super) problems: Vec<String>,
}

impl Layers {
    pub(super) fn stack(sources: &Sources) -> Self {
        let mut problems = Vec::new();
        // The defaults are part of the binary; a test holds that they parse.
        let defaults: toml::Table = DEFAULTS.parse().unwrap_or_default();
        let known: BTreeSet<String> = leaves(&defaults).into_iter().collect();
        let mut figment = Figment::new().merge(Layer::table("the defaults", &defaults));
        if let Some(path) = &sources.file {
            match read_file(path) {
                Ok(table) => {
                    let unknown = leaves(&table)
                        .into_iter()
                        .filter(|leaf| !known.contains(leaf));
                    problems.extend(unknown.map(|leaf| {
                        format!("{leaf}: there is no such setting ({})", path.display())
                    }));
                    figment = figment.merge(Layer::table(&path.display().to_string(), &table));
                }
                Err(problem) => problems.push(problem),
            }
        }
        for (name, value) in &sources.environment {
            let Some((variable, path)) = name.to_str().and_then(setting_of) else {
                continue;
            };
            match value.to_str() {
                _ if !known.contains(&path) => {
                    problems.push(format!("{variable}: there is no such setting"))
                }
                None => problems.push(format!("{variable}: the value is not valid UTF-8")),
                Some(value) => figment = figment.merge(Layer::variable(variable, &path, value)),
            }
        }
        Self { figment, problems }
    }
}

/// `CONVO_SERVER__BIND` is `server.bind`; names without `__` are no settings.
fn setting_of(variable: &str) -> Option<(&str, String)> {
    let (section, key) = variable.strip_prefix("CONVO_")?.split_once("__")?;
    Some((
        variable,
        format!(
            "{}.{}",
            section.to_ascii_lowercase(),
            key.to_ascii_lowercase()
        ),
    ))
}

fn read_file(path: &Path) -> Result<toml::Table, String> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| format!("{}: cannot be read ({})", path.display(), error.kind()))?;
    text.parse::<toml::Table>()
        .map_err(|error: toml::de::Error| {
            // Only the line is named: a quoted line could hold a secret.
            let line = error.span().map_or(1, |span| {
                text[..span.start.min(text.len())].matches('\n').count() + 1
            });
            format!("{}, line {line}: not valid TOML", path.display())
        })
}

/// Dotted names of the values in a table: sections one deep, anything deeper by its full name.
fn leaves(table: &toml::Table) -> Vec<String> {
    let mut names = Vec::new();
    for (section, content) in table {
        match content {
            toml::Value::Table(keys) => {
                names.extend(keys.keys().map(|key| format!("{section}.{key}")))
            }
            _ => names.push(section.clone()),
        }
    }
    names
}

/// One layer with the name its problems are reported under.
struct Layer {
    name: String,
    values: Dict,
}

impl Layer {
    fn table(name: &str, table: &toml::Table) -> Self {
        let value = Value::serialize(table).ok().and_then(Value::into_dict);
        Self {
            name: name.to_owned(),
            values: value.unwrap_or_default(),
        }
    }

    /// Values of the environment stay text: a signing key of digits only is no number.
    fn variable(name: &str, path: &str, value: &str) -> Self {
        let nested = util::nest(path, Value::from(value));
        Self {
            name: name.to_owned(),
            values: nested.into_dict().unwrap_or_default(),
        }
    }
}

impl Provider for Layer {
    fn metadata(&self) -> Metadata {
        Metadata::named(self.name.clone())
    }

    fn data(&self) -> Result<Map<Profile, Dict>, figment::Error> {
        Ok(Profile::Default.collect(self.values.clone()))
    }
}
