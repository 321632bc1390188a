//! Messages of the control log.

use bytes::Bytes;
use scorewheel_model::{ModelDescriptor, TypeNumbering};
use scorewheel_serving::{ControlMessage, ControlRecord};

/// A model message. What is read is written and read again as the same; it is judged alike each time.
pub fn descriptor(bytes: &[u8]) {
    for numbering in [TypeNumbering::Original, TypeNumbering::Successor] {
        let value = Bytes::copy_from_slice(bytes);
        if let Ok(descriptor) = ModelDescriptor::decode(value.clone(), numbering) {
            let again = ModelDescriptor::decode(descriptor.encode(numbering).into(), numbering);
            // A tolerance that is no number is unequal to itself.
            assert_eq!(format!("{again:?}"), format!("{:?}", Ok::<_, ()>(&descriptor)));
            let named = descriptor.key(None);
            if let Ok(key) = &named {
                let text = key.to_string();
                assert_eq!(descriptor.key(Some(text.as_bytes())).ok().map(|key| key.to_string()), Some(text));
            }
        }
        for key in [None, Some(bytes), Some(&b"wine/model"[..])] {
            for value in [Some(value.clone()), None] {
                let read = || {
                    ControlMessage::read(
                        &ControlRecord { offset: 7, timestamp: 0, key, value: value.clone() },
                        numbering,
                    )
                };
                assert_eq!(read().digest(), read().digest());
            }
        }
    }
}
