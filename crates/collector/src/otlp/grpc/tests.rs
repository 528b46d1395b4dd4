use proptest::prelude::*;

use super::*;

fn framed(flag: u8, length: usize, message: &[u8]) -> Bytes {
    let length = u32::try_from(length).expect("short").to_be_bytes();
    [&[flag][..], &length, message].concat().into()
}

proptest! {
    #[test]
    fn message_follows_the_prefix(message in prop::collection::vec(any::<u8>(), 0..100), flag in 0..2_u8) {
        let mut body = framed(flag, message.len(), &message);
        prop_assert_eq!(unwrap(&mut body), Ok(flag == 1));
        prop_assert_eq!(&*body, &*message);
    }

    #[test]
    fn wrong_prefix_is_rejected(message in prop::collection::vec(any::<u8>(), 0..100), length in any::<u32>(), flag in any::<u8>()) {
        let length = length as usize;
        prop_assume!(length != message.len() || flag > 1);
        prop_assert!(unwrap(&mut framed(flag, length, &message)).is_err());
    }
}

#[test]
fn prefix_errors_name_their_cause() {
    for (mut body, reason) in [
        (Bytes::new(), "no message"),
        (Bytes::from_static(b"\0\0\0\0"), "no message"),
        (framed(0, 3, b"ab"), "2 of 3 bytes"),
        (framed(0, 1, b"ab"), "more than one message"),
        (framed(2, 0, b""), "flag 2"),
    ] {
        let said = unwrap(&mut body).expect_err("it is wrong");
        assert!(said.contains(reason), "{said}");
    }
}
