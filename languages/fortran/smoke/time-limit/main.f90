program main
  integer :: n = 0
  do
    n = mod(n + 1, 7)
    if (n == 9) print *, n
  end do
end program
