/* What list.awk makes of a header's declarations is in these words: each prints one line. */
#include <stddef.h>
#include <stdio.h>

#define VALUE(name, since) printf("value %s: %lld%s\n", #name, (long long)(name), since)
#define LAYOUT(kind, name, since)                                                                    \
    printf("%s %s: size %zu, align %zu%s\n", kind, #name, sizeof(name), _Alignof(name), since)
#define FIELD(of, name, type, since)                                                                 \
    printf("field %s.%s: %s, offset %zu, size %zu%s\n", #of, #name, type, offsetof(of, name),        \
           sizeof(((of *)0)->name), since)
#define TEXT(line, since) printf("%s%s\n", line, since)
