/* crc32.h - the CRC-32 of zlib, PNG and Ethernet.  Pure. */
#ifndef COMMON_CRC32_H
#define COMMON_CRC32_H

#include <stddef.h>
#include <stdint.h>

/* The CRC of what crc stands for and len more bytes; crc is 0 at the beginning:
 * crc32_of(crc32_of(0, "ab", 2), "c", 1) is crc32_of(0, "abc", 3).  data may be NULL
 * when len is 0. */
uint32_t crc32_of(uint32_t crc, const void *data, size_t len);

#endif
