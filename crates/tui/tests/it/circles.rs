//! Circles of modules: siblings that need each other, directly or through others.
//!
//! A path counts for the module that defines what it names, wherever that is exported again. A module and those inside it are one: parts of
//! a type's implementation name the type, and the type names its parts.

use std::collections::{BTreeMap, BTreeSet};

use super::sources::{Module, Segments, crates, modules_of};

/// Circles that are left, which may grow: the crate, and the module around the circle (empty for the crate).
const KNOWN: &[(&str, &str)] = &[
    // A component reads and changes the whole state, which has all components (`layers!`).
    ("app", ""),
];

#[test]
fn sibling_modules_form_no_circle() {
    let (mut new, mut gone) = (Vec::new(), KNOWN.to_vec());
    for entry in std::fs::read_dir(crates()).expect("the crates") {
        let name = entry.expect("a crate").file_name().to_string_lossy().into_owned();
        for (around, members) in circles_of(&modules_of(&name)) {
            let place = (&*name, &*around);
            gone.retain(|known| *known != place);
            if !KNOWN.contains(&place) {
                new.push((name.clone(), around, members));
            }
        }
    }
    assert!(new.is_empty(), "{new:#?}");
    assert!(gone.is_empty(), "these are open, and no longer known: {gone:?}");
}

#[test]
fn circle_is_found_through_exports_and_other_modules() {
    let module = |paths: &[&str], imports: &[(&str, &str)]| Module {
        paths: paths.iter().map(|path| segments(path)).collect(),
        imports: imports
            .iter()
            .map(|(name, path)| ((*name).to_owned(), segments(path)))
            .collect(),
    };
    let exports = &[("A", "a::A"), ("C", "c::C")];
    let modules = BTreeMap::from([
        (Vec::new(), module(&[], exports)),
        (segments("a"), module(&["crate::b::function", "std::fmt"], &[])),
        (segments("b"), module(&["crate::C", "B"], &[])),
        (segments("c"), module(&["crate::c::part::Part"], &[])),
        (segments("c::part"), module(&["crate::A", "crate::c::C"], &[])),
        (segments("d"), module(&["crate::A"], &[])),
    ]);
    let members = ["a", "b", "c"].map(str::to_owned).to_vec();
    assert_eq!(circles_of(&modules), [(String::new(), members)]);
}

fn segments(path: &str) -> Segments {
    path.split("::").map(str::to_owned).collect()
}

/// By module, the children that each child needs.
type Needs = BTreeMap<Segments, BTreeMap<String, BTreeSet<String>>>;

/// Returns the circles of a crate: the module around each of them, and its members.
fn circles_of(modules: &BTreeMap<Segments, Module>) -> Vec<(String, Vec<String>)> {
    let mut needs = Needs::new();
    for (from, module) in modules {
        let targets = module.paths.iter().filter_map(|path| definer(modules, from, path, 0));
        for to in targets {
            let common = from.iter().zip(&to).take_while(|(one, other)| one == other).count();
            if let (Some(one), Some(other)) = (from.get(common), to.get(common)) {
                let siblings = needs.entry(from[..common].to_vec()).or_default();
                siblings.entry(one.clone()).or_default().insert(other.clone());
            }
        }
    }
    let circles = needs.iter().flat_map(|(around, siblings)| {
        let around = around.join("::");
        connected(siblings).into_iter().map(move |members| (around.clone(), members))
    });
    circles.collect()
}

/// Returns the module that defines what a path in a module names; `None` for another crate or a local name.
fn definer(modules: &BTreeMap<Segments, Module>, from: &Segments, path: &[String], exports: usize) -> Option<Segments> {
    let is_from_root = path.first().is_some_and(|first| first == "crate");
    let mut at = if is_from_root { Vec::new() } else { from.clone() };
    for (index, name) in path.iter().enumerate().skip(usize::from(is_from_root)) {
        let below: Segments = at.iter().cloned().chain([name.clone()]).collect();
        if modules.contains_key(&below) {
            at = below;
            continue;
        }
        return match modules.get(&at)?.imports.get(name) {
            // An imported name is followed to its definition.
            Some(import) if exports < 8 => {
                let whole: Segments = import.iter().chain(&path[index + 1..]).cloned().collect();
                definer(modules, &at, &whole, exports + 1)
            }
            Some(_) => None,
            None => (is_from_root || index > 0).then_some(at),
        };
    }
    Some(at)
}

/// Returns the sets of names that need each other, directly or through others.
fn connected(needs: &BTreeMap<String, BTreeSet<String>>) -> BTreeSet<Vec<String>> {
    let reach: BTreeMap<&String, BTreeSet<&String>> = needs.keys().map(|name| (name, reachable(needs, name))).collect();
    let members = |name: &String| -> Vec<String> {
        let others = reach[name]
            .iter()
            .filter(|other| reach.get(**other).is_some_and(|back| back.contains(name)));
        others.map(|other| (*other).clone()).collect()
    };
    needs.keys().map(members).filter(|members| members.len() > 1).collect()
}

fn reachable<'a>(needs: &'a BTreeMap<String, BTreeSet<String>>, from: &'a String) -> BTreeSet<&'a String> {
    let (mut seen, mut next) = (BTreeSet::new(), vec![from]);
    while let Some(name) = next.pop() {
        next.extend(needs.get(name).into_iter().flatten().filter(|name| seen.insert(*name)));
    }
    seen
}
