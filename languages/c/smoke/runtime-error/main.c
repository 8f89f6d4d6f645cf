#include <assert.h>

int main(int count, char **values)
{
    (void)values;
    assert(count > 5);
}
