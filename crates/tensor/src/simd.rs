//! The widest vectors that this machine has, for loops that the compiler vectorises.

/// True on machines with thirty-two vectors of sixteen f32: more sums go at once there. What is computed does not
/// depend on it.
#[inline]
pub(crate) fn widest() -> bool {
    #[cfg(target_arch = "x86_64")]
    {
        std::arch::is_x86_feature_detected!("avx512f")
    }
    #[cfg(not(target_arch = "x86_64"))]
    {
        false
    }
}

/// Runs `operation` compiled for the widest vectors at hand.
///
/// The result is the same at every level: the loops fuse a product and a sum only where they say so, reorder no
/// floating-point operation, and the compiler does neither of its own accord.
#[inline]
pub(crate) fn vectorised<R>(operation: impl FnOnce() -> R) -> R {
    #[cfg(target_arch = "x86_64")]
    {
        #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,fma")]
        fn with_avx512<R>(operation: impl FnOnce() -> R) -> R {
            operation()
        }
        #[target_feature(enable = "avx2,fma")]
        fn with_avx2<R>(operation: impl FnOnce() -> R) -> R {
            operation()
        }
        if std::arch::is_x86_feature_detected!("avx512f")
            && std::arch::is_x86_feature_detected!("avx512bw")
            && std::arch::is_x86_feature_detected!("avx512dq")
            && std::arch::is_x86_feature_detected!("avx512vl")
            && std::arch::is_x86_feature_detected!("fma")
        {
            #[expect(unsafe_code, reason = "the features were found on this machine just now")]
            return unsafe { with_avx512(operation) };
        }
        if std::arch::is_x86_feature_detected!("avx2") && std::arch::is_x86_feature_detected!("fma") {
            #[expect(unsafe_code, reason = "the feature was found on this machine just now")]
            return unsafe { with_avx2(operation) };
        }
    }
    operation()
}
