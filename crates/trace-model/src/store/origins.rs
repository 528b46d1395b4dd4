//! Origins of spans: resource and scope, each stored once.
//!
//! A request may have thousands of scopes under one resource of megabytes: so the resource is an entry of its own, found by the
//! hash that the walk computed, compared once per request and never copied, and an origin refers to it by number.

use std::sync::Arc;

use super::interner::Interner;
use crate::Provenance;
use crate::filter::Shared;
use crate::work::{self, VISIT};

#[derive(Debug)]
struct Resource {
    bytes: Arc<[u8]>,
    service: Arc<str>,
    host: Option<Arc<str>>,
    /// Interned, since one service has many resources.
    service_number: u32,
    serial: u64,
}

/// An origin as the store keeps it.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) origin: Provenance,
    /// Number of the service.
    pub(super) service: u32,
    /// A number that no other resource ever has: what is remembered of one that left is not mistaken for another's.
    pub(super) resource_serial: u64,
    /// The same for the origin.
    serial: u64,
    resource: u32,
}

impl Kept {
    /// Returns true if an origin differs in its resource or its scope alone.
    fn is_alike(&self, other: &Provenance) -> bool {
        let kept = &self.origin;
        kept.source == other.source && kept.resource_schema == other.resource_schema && kept.scope_schema == other.scope_schema
    }
}

/// Origins by number, each there as long as it is used.
#[derive(Debug)]
pub(super) struct Origins {
    kept: Interner<Kept>,
    resources: Interner<Resource>,
    services: Interner<str>,
    serials: u64,
    /// Last resource, as its request has it, with its number, which this holds: the next scope has the same.
    last: Option<(Arc<[u8]>, u32)>,
    /// Last origin by its scope: a part of a request begins with the origin that the previous part ended with.
    last_origin: Option<(Arc<[u8]>, u32)>,
}

impl Origins {
    pub(super) fn new() -> Self {
        Self {
            kept: Interner::new(),
            resources: Interner::new(),
            services: Interner::new(),
            serials: 0,
            last: None,
            last_origin: None,
        }
    }

    /// Returns the bytes of memory it accounts for.
    pub(super) fn bytes(&self) -> usize {
        self.kept.bytes() + self.resources.bytes() + self.services.bytes()
    }

    pub(super) fn get(&self, number: u32) -> &Provenance {
        &self.kept.get(number).origin
    }

    pub(super) fn kept(&self, number: u32) -> &Kept {
        self.kept.get(number)
    }

    /// Returns the numbers of an origin's resource and scope for a memo.
    pub(super) fn shared(&self, number: u32) -> (Shared, Shared) {
        let kept = self.kept(number);
        let resource = Shared {
            number: kept.resource,
            serial: kept.resource_serial,
        };
        let scope = Shared {
            number,
            serial: kept.serial,
        };
        (resource, scope)
    }

    /// The service of a number.
    pub(super) fn service(&self, number: u32) -> &Arc<str> {
        self.services.get(number)
    }

    /// The number of a service that is here.
    pub(super) fn service_number(&self, service: &str) -> Option<u32> {
        self.services.find_text(service)
    }

    /// The number of an origin, which has one more user from now on.
    pub(super) fn intern(&mut self, origin: &Provenance) -> u32 {
        work::add(VISIT);
        let resource = self.resource_number(origin);
        if let Some((scope, number)) = &self.last_origin {
            let kept = self.kept.get(*number);
            if Arc::ptr_eq(scope, &origin.scope) && kept.resource == resource && kept.is_alike(origin) {
                let number = *number;
                self.kept.retain(number);
                return number;
            }
        }
        let hash = origin.scope_hash ^ u64::from(resource).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ origin.source as u64;
        let is_it = |kept: &Kept| {
            kept.resource == resource && kept.is_alike(origin) && {
                work::add(origin.scope.len());
                kept.origin.scope == origin.scope
            }
        };
        let (resources, serials) = (&mut self.resources, &mut self.serials);
        let number = self.kept.intern(hash, is_it, || {
            *serials += 1;
            resources.retain(resource);
            let known = resources.get(resource);
            let origin = Provenance {
                service: known.service.clone(),
                resource: known.bytes.clone(),
                host: known.host.clone(),
                ..origin.clone()
            };
            let schemas = [&origin.resource_schema, &origin.scope_schema];
            let schemas: usize = schemas.into_iter().flatten().map(|url| url.len()).sum();
            let bytes = size_of::<Kept>() + origin.scope.len() + schemas;
            let kept = Kept {
                service: known.service_number,
                resource_serial: known.serial,
                serial: *serials,
                resource,
                origin,
            };
            (Arc::new(kept), bytes)
        });
        self.kept.retain(number);
        if let Some((_, last)) = self.last_origin.replace((origin.scope.clone(), number)) {
            self.release(last);
        }
        number
    }

    /// Drops a reference; the last one frees the origin.
    pub(super) fn release(&mut self, number: u32) {
        if let Some(kept) = self.kept.release(number) {
            self.release_resource(kept.resource);
        }
    }

    /// Adds a reference to the origin.
    pub(super) fn retain(&mut self, number: u32) {
        self.kept.retain(number);
    }

    /// Ends a request.
    pub(super) fn forget_last(&mut self) {
        if let Some((_, number)) = self.last_origin.take() {
            self.release(number);
        }
        self.forget_last_resource();
    }

    fn forget_last_resource(&mut self) {
        if let Some((_, number)) = self.last.take() {
            self.release_resource(number);
        }
    }

    /// The number of an origin's resource, which [`Origins::last`] uses.
    fn resource_number(&mut self, origin: &Provenance) -> u32 {
        if let Some((_, number)) = self.last.as_ref().filter(|(last, _)| Arc::ptr_eq(last, &origin.resource)) {
            return *number;
        }
        self.forget_last_resource();
        let is_it = |known: &Resource| {
            work::add(origin.resource.len());
            known.bytes == origin.resource
        };
        let (services, serials) = (&mut self.services, &mut self.serials);
        let number = self.resources.intern(origin.resource_hash, is_it, || {
            *serials += 1;
            let service_number = services.text(&origin.service);
            let resource = Resource {
                bytes: origin.resource.clone(),
                service: services.get(service_number).clone(),
                host: origin.host.clone(),
                service_number,
                serial: *serials,
            };
            let host = origin.host.as_ref().map_or(0, |host| host.len());
            (Arc::new(resource), size_of::<Resource>() + origin.resource.len() + host)
        });
        self.last = Some((origin.resource.clone(), number));
        number
    }

    fn release_resource(&mut self, number: u32) {
        if let Some(resource) = self.resources.release(number) {
            self.services.release(resource.service_number);
        }
    }

    #[cfg(test)]
    pub(super) fn uses(&self) -> usize {
        self.kept.uses()
    }

    /// Checks that only referenced values are stored.
    #[cfg(test)]
    pub(super) fn check(&self) {
        let used = |used: usize| used + usize::from(self.last.is_some());
        assert_eq!(self.resources.uses(), used(self.kept.len()), "each origin uses its resource");
        assert_eq!(self.services.uses(), self.resources.len(), "each resource uses its service");
    }
}
