//! Walls around the screen's state and around what draws it: which crates they compile, and which paths they name. All paths are parsed,
//! also those in expressions, which need no `use`.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use syn::ItemMod;
use syn::visit::Visit;

use super::sources::{crates, files_of, is_test, modules_of};

/// Allowed dependencies of a crate.
const DEPENDENCIES: &[(&str, &[&str])] = &[
    (
        "app",
        &[
            "fastrand",
            "graph-layout",
            "ingest-state",
            "jiff",
            "printable",
            "query",
            "ratatui-core",
            "trace-files",
            "trace-model",
            "trace-stats",
            "unicode-segmentation",
            "unicode-width",
            "url",
            "value-text",
        ],
    ),
    ("value-text", &["printable"]),
    (
        "view",
        &["app", "printable", "ratatui", "trace-model", "trace-stats", "unicode-width"],
    ),
    ("ingest-state", &["printable", "trace-model"]),
];

/// I/O and clocks, which a screen's state and its drawing must not name.
const OUTSIDE: &[&str] = &[
    "std::env",
    "std::fs",
    "std::net",
    "std::process",
    "std::thread",
    "std::time::Instant",
    "std::time::SystemTime",
];

/// Returns the packages of the workspace.
fn packages() -> Vec<serde_json::Value> {
    let metadata = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args([
            "metadata",
            "--no-deps",
            "--format-version",
            "1",
            "--offline",
            "--manifest-path",
        ])
        .arg(crates().join("tui/Cargo.toml"))
        .output()
        .expect("cargo");
    let metadata: serde_json::Value = serde_json::from_slice(&metadata.stdout).expect("JSON");
    metadata["packages"].as_array().expect("packages").clone()
}

/// `make test` runs those that mostly wait at the same time as the others, and tells them apart by the first letter.
#[test]
fn test_programs_that_wait_begin_with_c_or_i() {
    let packages = packages();
    let targets = packages
        .iter()
        .flat_map(|package| package["targets"].as_array().expect("targets"));
    let tests: Vec<&str> = targets
        .filter(|target| target["kind"][0] == "test")
        .filter_map(|target| target["name"].as_str())
        .collect();
    assert!(tests.len() > 20, "{tests:?}");
    let waiting: BTreeSet<&str> = tests.into_iter().filter(|name| name.starts_with(['c', 'i'])).collect();
    assert_eq!(waiting, ["chaos", "contract", "cross_check", "it"].into());
}

#[test]
fn crates_depend_on_nothing_else() {
    let packages = packages();
    for (name, allowed) in DEPENDENCIES {
        let package = packages.iter().find(|package| package["name"] == *name).expect("a package");
        let dependencies = package["dependencies"].as_array().expect("dependencies").iter();
        let normal = dependencies.filter(|dependency| dependency["kind"].is_null());
        let names: BTreeSet<&str> = normal.filter_map(|dependency| dependency["name"].as_str()).collect();
        assert_eq!(names, allowed.iter().copied().collect(), "{name}");
    }
}

#[test]
fn state_and_drawing_name_nothing_outside() {
    for name in ["app", "view"] {
        let found = paths_of(name);
        assert!(found.len() > 100, "{name} was read: {found:?}");
        let beyond: Vec<_> = found.iter().filter(|path| is_below(path, OUTSIDE)).collect();
        assert!(beyond.is_empty(), "{name}: {beyond:?}");
    }
}

#[test]
fn state_uses_only_geometry_of_the_drawing_crate() {
    let found = paths_of("app");
    let drawing: BTreeSet<_> = found.iter().filter(|path| path.starts_with("ratatui_core")).collect();
    let beyond: Vec<_> = drawing
        .iter()
        .filter(|path| !is_below(path, &["ratatui_core::layout"]))
        .collect();
    assert!(!drawing.is_empty() && beyond.is_empty(), "{beyond:?}");
}

/// Fields that are read are listed; changes go through [`app::App::apply`].
#[test]
fn event_loop_writes_no_field_of_the_state() {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/viewer");
    let files = files_of(&sources).into_iter().map(|(_, file)| file);
    let mut fields = Fields::default();
    for file in files.chain([sources.with_extension("rs")]) {
        let text = std::fs::read_to_string(&file).expect("a source");
        fields.visit_file(&syn::parse_file(&text).expect("Rust"));
    }
    let read: Vec<&str> = fields.named.iter().map(String::as_str).collect();
    assert_eq!(read, ["aggregates", "files", "mode", "services", "store", "traces", "zone"]);
    assert_eq!(fields.written, BTreeSet::new());
}

/// Fields of the state that an expression names, and those that it assigns to or borrows to be changed.
#[derive(Default)]
struct Fields {
    named: BTreeSet<String>,
    written: BTreeSet<String>,
}

/// The field of the state that an expression is, or is a part of.
fn field_of_app(expression: &syn::Expr) -> Option<String> {
    let syn::Expr::Field(field) = expression else { return None };
    let syn::Member::Named(name) = &field.member else {
        return None;
    };
    let is_app = match &*field.base {
        syn::Expr::Path(path) => path.path.is_ident("app"),
        syn::Expr::Field(base) => matches!(&base.member, syn::Member::Named(name) if name == "app"),
        _ => false,
    };
    if is_app {
        return Some(name.to_string());
    }
    field_of_app(&field.base)
}

impl<'ast> Visit<'ast> for Fields {
    fn visit_expr(&mut self, expression: &'ast syn::Expr) {
        self.named.extend(field_of_app(expression));
        syn::visit::visit_expr(self, expression);
    }

    fn visit_expr_assign(&mut self, assign: &'ast syn::ExprAssign) {
        self.written.extend(field_of_app(&assign.left));
        syn::visit::visit_expr_assign(self, assign);
    }

    fn visit_expr_reference(&mut self, reference: &'ast syn::ExprReference) {
        if reference.mutability.is_some() {
            self.written.extend(field_of_app(&reference.expr));
        }
        syn::visit::visit_expr_reference(self, reference);
    }

    fn visit_item_mod(&mut self, item: &'ast ItemMod) {
        if !is_test(item) {
            syn::visit::visit_item_mod(self, item);
        }
    }
}

fn is_below(path: &str, walls: &[&str]) -> bool {
    walls.iter().any(|wall| {
        path.strip_prefix(wall)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
    })
}

/// Returns all paths that a crate names.
fn paths_of(name: &str) -> BTreeSet<String> {
    let modules = modules_of(name).into_values();
    modules.flat_map(|module| module.paths).map(|path| path.join("::")).collect()
}
