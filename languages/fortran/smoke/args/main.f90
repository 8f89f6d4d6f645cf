program main
  character(len=:), allocatable :: word
  integer :: i, length
  do i = 1, command_argument_count()
    call get_command_argument(i, length=length)
    allocate (character(len=length) :: word)
    call get_command_argument(i, word)
    print '(3a)', '<', word, '>'
    deallocate (word)
  end do
end program
