def loop: loop; loop
