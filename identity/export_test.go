package identity

// Renewing tells whether accounts are being looked up together.
func (s *Store) Renewing() bool {
	c := s.cache.users
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.renewing
}
