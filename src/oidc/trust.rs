//! The certificates of a CA bundle. Never repeats what stands in one.

use rustls::{
    RootCertStore,
    pki_types::{CertificateDer, pem::PemObject},
};

use crate::domain::relation::TrustRoots;

/// Why a CA bundle cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TrustRootsError {
    #[error("the CA bundle is not PEM: every certificate stands between BEGIN CERTIFICATE and END CERTIFICATE lines")]
    NotPem,
    #[error("the CA bundle holds no certificate: put the issuing CA's certificate there, in PEM")]
    Empty,
    /// Counted from 1.
    #[error("certificate {0} of the CA bundle is not a valid X.509 certificate: export it from the CA again")]
    NotACertificate(usize),
}

/// Checks that a bundle holds certificates, and that all of them can be trusted.
pub fn check_trust_roots(roots: &TrustRoots) -> Result<(), TrustRootsError> {
    certificates(roots).map(drop)
}

/// The certificates of a bundle, all of them usable.
pub(super) fn certificates(roots: &TrustRoots) -> Result<Vec<CertificateDer<'static>>, TrustRootsError> {
    let certificates: Vec<_> = CertificateDer::pem_slice_iter(roots.pem().as_bytes())
        .collect::<Result<_, _>>()
        .map_err(|_| TrustRootsError::NotPem)?;
    if certificates.is_empty() {
        return Err(TrustRootsError::Empty);
    }
    let mut store = RootCertStore::empty();
    for (index, certificate) in certificates.iter().enumerate() {
        store.add(certificate.clone()).map_err(|_| TrustRootsError::NotACertificate(index + 1))?;
    }
    Ok(certificates)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pem: &str) -> Result<(), TrustRootsError> {
        check_trust_roots(&TrustRoots::from_pem(pem))
    }

    #[test]
    fn a_bundle_must_hold_certificates_and_only_good_ones_count() {
        let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).expect("a certificate");
        let (good, key) = (made.cert.pem(), made.signing_key.serialize_pem());
        let broken = "-----BEGIN CERTIFICATE-----\naGVsbG8=\n-----END CERTIFICATE-----\n";
        assert_eq!(check(&good), Ok(()));
        assert_eq!(check(&format!("# our CA\n{good}\n{good}")), Ok(()));
        assert_eq!(check(""), Err(TrustRootsError::Empty));
        assert_eq!(check("hello"), Err(TrustRootsError::Empty));
        assert_eq!(check(&key), Err(TrustRootsError::Empty));
        assert_eq!(check(&format!("{good}{broken}")), Err(TrustRootsError::NotACertificate(2)));
        assert_eq!(check("-----BEGIN CERTIFICATE-----\n%%%\n-----END CERTIFICATE-----"), Err(TrustRootsError::NotPem));
    }
}
